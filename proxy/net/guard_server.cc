#include "proxy/net/guard_server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "proxy/admin/admin_server.h"
#include "proxy/net/connection.h"

namespace schemaguard::proxy::net {
namespace {

using std::chrono::steady_clock;

// How often the drain looks whether everybody has left, and the mode timer whether an override is over.
constexpr std::chrono::milliseconds kDrainTick{50};
constexpr std::chrono::milliseconds kModeTick{500};
// After the last 57P01: time for the goodbyes to go out.
constexpr std::chrono::milliseconds kGoodbyeLimit{5'000};
// Sockets that may be open beyond limits.sessions_max, for those who are being told that there are too many.
constexpr size_t kSpareConnections = 1'000;

}  // namespace

GuardServer::GuardServer(std::unique_ptr<Guard> guard)
    : guard_(std::move(guard)),
      listeners_(control_, [this](AcceptedClient client) { give_to_worker(std::move(client)); }) {
  const unsigned count = std::max(1U, guard_->snapshot()->config->workers);
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        WorkerSurroundings{.guard = *guard_, .connector = connector_, .cancel_sender = cancel_sender_}));
  }
}

GuardServer::~GuardServer() {
  for (const auto& worker : workers_) worker->stop();
  // What the parse pool and the audit log still want to post goes to loops that no longer run: they end first.
  guard_->finish();
}

absl::StatusOr<std::unique_ptr<GuardServer>> GuardServer::create(std::shared_ptr<const Config> config) {
  // A peer that has gone must be an error code, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  auto guard = Guard::create(std::move(config));
  if (!guard.ok()) return guard.status();
  std::unique_ptr<GuardServer> server(new GuardServer(*std::move(guard)));
  const std::shared_ptr<const Snapshot> snapshot = server->guard_->snapshot();
  if (absl::Status status = server->listeners_.prepare(*snapshot); !status.ok()) return status;
  if (snapshot->config->admin) {
    std::vector<const CounterSet*> counters;
    for (const auto& worker : server->workers_) counters.push_back(&worker->counters());
    auto admin = AdminServer::open(server->control_, *server->guard_, *snapshot->config->admin, std::move(counters));
    if (!admin.ok()) return admin.status();
    server->admin_ = *std::move(admin);
  }
  server->listeners_.commit();
  server->guard_->set_prepare([server = server.get()](const Snapshot& next) -> absl::Status {
    if (server->draining_) return absl::FailedPreconditionError("the guard is draining");
    if (absl::Status status = server->listeners_.prepare(next); !status.ok()) return status;
    server->listeners_.commit();
    return absl::OkStatus();
  });
  return server;
}

std::string GuardServer::admin_address() const { return admin_ == nullptr ? "" : admin_->address(); }

size_t GuardServer::connections() const {
  size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->connections();
  return sum;
}

void GuardServer::give_to_worker(AcceptedClient client) {
  if (connections() >= client.server->config->limits.sessions_max + kSpareConnections) {
    close(client.descriptor);
    return;
  }
  const auto least = std::min_element(workers_.begin(), workers_.end(), [](const auto& left, const auto& right) {
    return left->connections() < right->connections();
  });
  (*least)->adopt(std::move(client));
}

void GuardServer::run() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  wait_for_signal();
  watch_modes();
  unsigned number = 0;
  for (const auto& worker : workers_) worker->start(number++);
  control_.run();
}

void GuardServer::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    on_signal(number);
    wait_for_signal();
  });
}

void GuardServer::on_signal(int number) {
  if (number == SIGHUP) {
    // The log and /healthz tell when it failed.
    guard_->reload("SIGHUP").IgnoreError();
    return;
  }
  if (draining_) {
    spdlog::warn("second signal: ending at once with {} connections open", connections());
    control_.stop();
    return;
  }
  begin_drain();
}

void GuardServer::begin_drain() {
  draining_ = true;
  const auto limit = guard_->snapshot()->config->timeouts.drain;
  spdlog::info("draining: {} connections, up to {} s", connections(),
               std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  listeners_.close();
  for (const auto& worker : workers_) worker->drain();
  drain_deadline_ = steady_clock::now() + limit;
  wait_until_drained(DrainStage::kTransactions);
}

void GuardServer::enter_drain_stage(DrainStage stage) {
  const auto migration_deadline = guard_->snapshot()->config->timeouts.migration_deadline;
  const bool spare_busy = stage == DrainStage::kMigrations;
  if (spare_busy) {
    spdlog::warn("drain time is over: ending {} connections, but those that hold locks, up to {} s more", connections(),
                 std::chrono::duration_cast<std::chrono::seconds>(migration_deadline).count());
    drain_deadline_ = steady_clock::now() + migration_deadline;
  } else {
    spdlog::warn("migration_deadline is over: ending {} connections", connections());
    drain_deadline_ = steady_clock::now() + kGoodbyeLimit;
  }
  for (const auto& worker : workers_) {
    worker->terminate("57P01", "terminating connection due to administrator command", spare_busy);
  }
}

void GuardServer::wait_until_drained(DrainStage stage) {
  if (connections() == 0) {
    spdlog::info("drained");
    control_.stop();
    return;
  }
  if (steady_clock::now() >= drain_deadline_) {
    if (stage == DrainStage::kGoodbyes) {
      spdlog::warn("ending with {} connections that did not close", connections());
      control_.stop();
      return;
    }
    stage = stage == DrainStage::kTransactions ? DrainStage::kMigrations : DrainStage::kGoodbyes;
    enter_drain_stage(stage);
  }
  drain_timer_.expires_after(kDrainTick);
  drain_timer_.async_wait([this, stage](const boost::system::error_code& error) {
    if (!error) wait_until_drained(stage);
  });
}

void GuardServer::watch_modes() {
  guard_->expire_modes(steady_clock::now());
  mode_timer_.expires_after(kModeTick);
  mode_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) watch_modes();
  });
}

}  // namespace schemaguard::proxy::net
