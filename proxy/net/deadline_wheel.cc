#include "proxy/net/deadline_wheel.h"

#include <algorithm>

namespace schemaguard::proxy::net {

void DeadlineEntry::cancel_deadline() {
  if (wheel_ != nullptr) wheel_->remove(*this);
}

void DeadlineWheel::remove(DeadlineEntry& entry) {
  entry.hook_.unlink();
  entry.wheel_ = nullptr;
  --entries_;
}

void DeadlineWheel::set(DeadlineEntry& entry, SteadyTime deadline) {
  entry.cancel_deadline();
  entry.wheel_ = this;
  ++entries_;
  // One tick later than the deadline's own: the tick of a moment has passed only when it is over.
  entry.tick_ = std::max(tick_of(deadline) + 1, last_tick_ + 1);
  slots_.at(entry.tick_ % kSlots).push_back(entry);
}

void DeadlineWheel::advance(SteadyTime now) {
  const uint64_t current = tick_of(now);
  if (current <= last_tick_) return;
  // After a long sleep every slot has been passed once at most.
  const uint64_t first = current - last_tick_ > kSlots ? current - kSlots + 1 : last_tick_ + 1;
  last_tick_ = current;
  for (uint64_t tick = first; tick <= current; ++tick) {
    Slot& slot = slots_.at(tick % kSlots);
    // An entry that fires may take any other one out of the list: those due are collected in a list of their own.
    Slot due;
    for (auto entry = slot.begin(); entry != slot.end();) {
      DeadlineEntry& candidate = *entry++;
      if (candidate.tick_ > current) continue;  // a later turn of the wheel
      candidate.hook_.unlink();
      due.push_back(candidate);
    }
    while (!due.empty()) {
      DeadlineEntry& entry = due.front();
      remove(entry);
      entry.on_deadline();
    }
  }
}

int DeadlineWheel::sleep_ms(SteadyTime now) {
  const auto next = SteadyTime{std::chrono::duration_cast<SteadyTime::duration>(kTick * (tick_of(now) + 1))};
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

}  // namespace schemaguard::proxy::net
