// StopSignal: tells a thread that waits for a database that the guard is ending.
//
// Raised once, by any thread, and never taken back. A waiting thread polls descriptor() beside its socket, which
// becomes readable; wait_until_ready() does that. The owner outlives everybody who waits for it.
#pragma once

#include <atomic>
#include <chrono>

#include "absl/status/status.h"

namespace schemaguard::proxy::introspect {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void raise();
  [[nodiscard]] bool is_raised() const { return raised_.load(std::memory_order_acquire); }
  [[nodiscard]] int descriptor() const { return descriptor_; }  // -1 when the system gave none: poll ignores it

 private:
  std::atomic<bool> raised_ = false;
  int descriptor_ = -1;
};

// Waits for `events` (POLLIN, POLLOUT, …) of `descriptor`. Errors: the deadline, the signal (`stop` may be null).
absl::Status wait_until_ready(int descriptor, short events, std::chrono::steady_clock::time_point deadline,
                              const StopSignal* stop);

}  // namespace schemaguard::proxy::introspect
