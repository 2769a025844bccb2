// DeadlineWheel: coarse deadlines of one worker (login, closing, lingering), cheap to set and free while idle.
//
// An entry stands in at most one slot; set() moves it. A session without a deadline costs nothing and a wheel without
// entries asks for no wake-up at all. Deadlines fire up to one tick late, never early. Not thread-safe; an entry
// leaves the wheel by itself when it is destroyed. Time is passed in, the wheel never reads a clock.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <boost/intrusive/list.hpp>

namespace schemaguard::proxy::net {

using SteadyTime = std::chrono::steady_clock::time_point;

class DeadlineWheel;

class DeadlineEntry {
 public:
  DeadlineEntry() = default;
  DeadlineEntry(const DeadlineEntry&) = delete;
  DeadlineEntry& operator=(const DeadlineEntry&) = delete;
  virtual ~DeadlineEntry() { cancel_deadline(); }
  virtual void on_deadline() = 0;
  // Leaves the wheel; does nothing when the entry is in none.
  void cancel_deadline();

 private:
  friend class DeadlineWheel;
  using Hook = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  Hook hook_;
  DeadlineWheel* wheel_ = nullptr;  // null: in no slot
  uint64_t tick_ = 0;
};

class DeadlineWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  void set(DeadlineEntry& entry, SteadyTime deadline);
  // Fires every entry whose deadline has passed. Entries may set themselves again or vanish meanwhile.
  void advance(SteadyTime now);
  [[nodiscard]] bool empty() const { return entries_ == 0; }
  // Milliseconds an event loop may sleep until the next tick.
  [[nodiscard]] static int sleep_ms(SteadyTime now);

 private:
  static constexpr size_t kSlots = 512;
  using Slot =
      boost::intrusive::list<DeadlineEntry,
                             boost::intrusive::member_hook<DeadlineEntry, DeadlineEntry::Hook, &DeadlineEntry::hook_>,
                             boost::intrusive::constant_time_size<false>>;

  friend class DeadlineEntry;
  static uint64_t tick_of(SteadyTime time) { return static_cast<uint64_t>(time.time_since_epoch() / kTick); }
  void remove(DeadlineEntry& entry);

  std::array<Slot, kSlots> slots_;
  size_t entries_ = 0;
  uint64_t last_tick_ = 0;
};

}  // namespace schemaguard::proxy::net
