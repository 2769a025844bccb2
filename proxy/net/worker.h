// Worker: one thread with its sessions, for life.
//
// Everything a session touches while it relays belongs to its worker: the loop, the scratch buffer that every read
// goes into, the facts cache, the counters. Other threads talk to it by post() only. Sessions are known by number, so
// that an answer for one that has gone meanwhile is dropped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/guard/counters.h"
#include "proxy/guard/facts_cache.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/routines_seen.h"
#include "proxy/net/cancel_sender.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/listener.h"
#include "proxy/net/upstream_connector.h"

namespace schemaguard::proxy::net {

class Connection;

// What all workers use; outlives them.
struct WorkerSurroundings {
  Guard& guard;
  UpstreamConnector& connector;
  CancelSender& cancel_sender;
};

class Worker {
 public:
  explicit Worker(WorkerSurroundings surroundings);
  // stop() must have been called, when start() was.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Any thread.
  void start(unsigned number);
  void adopt(AcceptedClient client);
  void drain();
  // With `spare_busy` those that must not be cut stay.
  void terminate(std::string sqlstate, std::string message, bool spare_busy);
  // Closes what is left and ends the thread; waits for it.
  void stop();
  [[nodiscard]] size_t connections() const { return connection_count_.load(std::memory_order_relaxed); }
  [[nodiscard]] const CounterSet& counters() const { return counters_; }

  // The rest is for the worker's own connections.
  static constexpr size_t kScratchBytes = 128ULL * 1024;
  static constexpr size_t kFactsCacheBytes = 16ULL * 1024 * 1024;

  EventLoop& loop() { return loop_; }
  Guard& guard() { return surroundings_.guard; }
  UpstreamConnector& connector() { return surroundings_.connector; }
  CancelSender& cancel_sender() { return surroundings_.cancel_sender; }
  FactsCache& facts_cache() { return facts_cache_; }
  RoutinesSeen& routines_seen() { return routines_seen_; }
  CounterSet& own_counters() { return counters_; }
  std::span<std::byte> scratch() { return {scratch_.get(), kScratchBytes}; }
  // Runs `task` on this worker with the connection, if it is still there. Any thread.
  template <typename Task>
  void post_to(uint64_t number, Task task) {
    loop_.post([this, number, task = std::move(task)]() mutable {
      if (Connection* connection = find(number); connection != nullptr) task(*connection);
    });
  }
  // Whether a line may be logged about something that comes with every connection while it lasts; gives the number of
  // those that were not logged since the last one.
  std::optional<uint64_t> may_complain();
  Connection* find(uint64_t number);
  void bury(uint64_t number);

 private:
  WorkerSurroundings surroundings_;
  EventLoop loop_;
  std::unique_ptr<std::byte[]> scratch_ = std::make_unique<std::byte[]>(kScratchBytes);
  FactsCache facts_cache_{kFactsCacheBytes};
  RoutinesSeen routines_seen_;
  CounterSet counters_;
  bool draining_ = false;
  SteadyTime next_complaint_{};
  uint64_t silent_complaints_ = 0;
  std::atomic<size_t> connection_count_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace schemaguard::proxy::net
