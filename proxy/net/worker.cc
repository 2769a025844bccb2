#include "proxy/net/worker.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/net/connection.h"

namespace schemaguard::proxy::net {
namespace {

// Numbers of connections, unique within the process: the audit's session.
std::atomic<uint64_t> next_number = 1;

constexpr std::chrono::seconds kComplaintInterval{1};

}  // namespace

Worker::Worker(WorkerSurroundings surroundings) : surroundings_(surroundings) {}

Worker::~Worker() = default;

void Worker::start(unsigned number) {
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), absl::StrCat("worker-", number).c_str());
}

void Worker::adopt(AcceptedClient client) {
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  loop_.post([this, client = std::move(client)]() mutable {
    if (draining_) {
      close(client.descriptor);
      connection_count_.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    const uint64_t number = next_number.fetch_add(1, std::memory_order_relaxed);
    auto connection = std::make_unique<Connection>(*this, number, std::move(client));
    Connection* started = connection.get();
    connections_.emplace(number, std::move(connection));
    started->start();
  });
}

std::optional<uint64_t> Worker::may_complain() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now < next_complaint_) {
    ++silent_complaints_;
    return std::nullopt;
  }
  next_complaint_ = now + kComplaintInterval;
  return std::exchange(silent_complaints_, 0);
}

Connection* Worker::find(uint64_t number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Worker::bury(uint64_t number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  loop_.bury(std::move(found->second));
  connections_.erase(found);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::drain() {
  loop_.post([this] {
    draining_ = true;
    // Draining ends some of them at once, so the numbers are taken first.
    std::vector<uint64_t> numbers;
    for (const auto& [number, connection] : connections_) numbers.push_back(number);
    for (const uint64_t number : numbers) {
      if (Connection* connection = find(number); connection != nullptr) connection->drain();
    }
  });
}

void Worker::terminate(std::string sqlstate, std::string message, bool spare_busy) {
  loop_.post([this, sqlstate = std::move(sqlstate), message = std::move(message), spare_busy] {
    std::vector<uint64_t> numbers;
    for (const auto& [number, connection] : connections_) numbers.push_back(number);
    for (const uint64_t number : numbers) {
      Connection* connection = find(number);
      if (connection == nullptr || (spare_busy && connection->must_not_be_cut())) continue;
      connection->terminate(sqlstate, message);
    }
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    std::vector<uint64_t> numbers;
    for (const auto& [number, connection] : connections_) numbers.push_back(number);
    for (const uint64_t number : numbers) {
      if (Connection* connection = find(number); connection != nullptr) connection->close_now();
    }
  });
  loop_.stop();
  thread_.join();
}

}  // namespace schemaguard::proxy::net
