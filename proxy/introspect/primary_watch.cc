#include "proxy/introspect/primary_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "proxy/introspect/catalog_look.h"
#include "proxy/introspect/mysql_catalog_look.h"
#include "proxy/introspect/mysql_side_connection.h"
#include "proxy/introspect/side_connection.h"

namespace schemaguard::proxy::introspect {

namespace {

absl::StatusOr<bool> ask_whether_standby(const ServerConfig& server, const Endpoint& address, const StopSignal& stop) {
  if (server.is_mysql()) {
    auto connection = MysqlSideConnection::open(server, address, PrimaryWatch::kProbeLimit, &stop);
    if (!connection.ok()) return connection.status();
    return is_read_only(*connection);
  }
  auto connection =
      SideConnection::open(server, {.address = address, .database = {}, .application = "schemaguard primary"},
                           PrimaryWatch::kProbeLimit, &stop);
  if (!connection.ok()) return connection.status();
  return is_standby(*connection);
}

}  // namespace

PrimaryWatch::~PrimaryWatch() {
  stop_.raise();
  {
    const std::lock_guard lock(mutex_);
    probe_now_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool PrimaryWatch::is_probed(const ServerConfig& server) {
  return server.upstream.target == "primary" && server.upstream.addresses.size() > 1 && server.guard_login.has_value();
}

void PrimaryWatch::watch(std::shared_ptr<const Config> config) {
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
  const bool any = std::any_of(config_->servers.begin(), config_->servers.end(), is_probed);
  if (!any || stop_.is_raised()) return;
  probe_now_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

std::vector<size_t> PrimaryWatch::order(const ServerConfig& server, Clock::time_point now) const {
  const std::vector<Endpoint>& addresses = server.upstream.addresses;
  std::vector<size_t> indices(addresses.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  if (server.upstream.target != "primary" || addresses.size() < 2) return indices;
  std::vector<State> states;
  {
    const std::lock_guard lock(mutex_);
    for (const Endpoint& address : addresses) {
      const auto found = known_.find({server.name, address.display()});
      states.push_back(found != known_.end() && found->second.until > now ? found->second.state : State::kUnknown);
    }
  }
  std::stable_sort(indices.begin(), indices.end(),
                   [&states](size_t left, size_t right) { return states[left] < states[right]; });
  return indices;
}

void PrimaryWatch::note_standby(const ServerConfig& server, std::string_view display, Clock::time_point now) {
  note(server, display, State::kStandby, now);
}

void PrimaryWatch::note_unreachable(const ServerConfig& server, std::string_view display, Clock::time_point now) {
  note(server, display, State::kUnreachable, now);
}

void PrimaryWatch::note(const ServerConfig& server, std::string_view display, State state, Clock::time_point now) {
  if (server.upstream.target != "primary" || server.upstream.addresses.size() < 2) return;
  {
    const std::lock_guard lock(mutex_);
    known_[{server.name, std::string(display)}] = {.state = state, .until = now + kMemory};
    probe_now_ = true;
  }
  changed_.notify_all();
}

void PrimaryWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.is_raised()) {
    probe_now_ = false;
    const std::shared_ptr<const Config> config = config_;
    lock.unlock();
    probe_all(*config);
    lock.lock();
    changed_.wait_for(lock, kProbePause, [this] { return stop_.is_raised(); });
    changed_.wait_for(lock, kProbeInterval, [this] { return probe_now_; });
  }
}

void PrimaryWatch::probe_all(const Config& config) {
  for (const ServerConfig& server : config.servers) {
    if (!is_probed(server)) continue;
    for (const Endpoint& address : server.upstream.addresses) {
      if (stop_.is_raised()) return;
      const absl::StatusOr<bool> standby = ask_whether_standby(server, address, stop_);
      State state = State::kUnreachable;
      if (standby.ok()) state = *standby ? State::kStandby : State::kPrimary;
      const std::lock_guard lock(mutex_);
      Known& known = known_[{server.name, address.display()}];
      if (known.state != state && state == State::kPrimary) {
        spdlog::info("server {}: the primary is {}", server.name, address.display());
      }
      // The next look comes long before this is forgotten.
      known = {.state = state, .until = Clock::now() + kMemory};
    }
  }
}

}  // namespace schemaguard::proxy::introspect
