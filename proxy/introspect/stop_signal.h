// StopSignal: tells a thread that waits for a database that the guard is ending.
//
// Raised once, by any thread, and never taken back. A waiting thread polls descriptor() beside its socket, which
// becomes readable. The owner outlives everybody who waits for it.
#pragma once

#include <atomic>

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

}  // namespace schemaguard::proxy::introspect
