#include "proxy/net/deadline_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace schemaguard::proxy::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Alarm final : public DeadlineEntry {
 public:
  explicit Alarm(std::function<void()> action) : action_(std::move(action)) {}
  void on_deadline() override { action_(); }

 private:
  std::function<void()> action_;
};

// Any moment will do: the wheel never reads a clock.
constexpr SteadyTime kStart{std::chrono::hours(1000)};

TEST(DeadlineWheel, FiresAfterTheDeadlineAndNeverBefore) {
  DeadlineWheel wheel;
  wheel.advance(kStart);
  for (const auto after :
       {milliseconds(1), milliseconds(99), milliseconds(100), milliseconds(51'200), milliseconds(600'000)}) {
    int fired = 0;
    Alarm alarm([&fired] { ++fired; });
    DeadlineWheel fresh;
    fresh.advance(kStart);
    fresh.set(alarm, kStart + after);
    for (auto now = kStart; now < kStart + after; now += milliseconds(50)) fresh.advance(now);
    EXPECT_EQ(fired, 0) << after.count();
    fresh.advance(kStart + after + 2 * DeadlineWheel::kTick);
    EXPECT_EQ(fired, 1) << after.count();
    EXPECT_TRUE(fresh.empty());
  }
}

TEST(DeadlineWheel, CatchesUpAfterALongSleep) {
  DeadlineWheel wheel;
  wheel.advance(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  int fired = 0;
  for (int i = 0; i < 2000; ++i) {
    alarms.push_back(std::make_unique<Alarm>([&fired] { ++fired; }));
    wheel.set(*alarms.back(), kStart + milliseconds(100 * i));
  }
  wheel.advance(kStart + seconds(1000));
  EXPECT_EQ(fired, 2000);
  EXPECT_TRUE(wheel.empty());
}

TEST(DeadlineWheel, AnEntryMayMoveVanishOrTakeOthersAlong) {
  DeadlineWheel wheel;
  wheel.advance(kStart);
  int fired = 0;
  auto victim = std::make_unique<Alarm>([&fired] { fired += 100; });
  Alarm killer([&] {
    ++fired;
    victim.reset();
  });
  wheel.set(killer, kStart + milliseconds(100));
  wheel.set(*victim, kStart + milliseconds(100));
  wheel.advance(kStart + seconds(1));
  EXPECT_EQ(fired, 1);
  EXPECT_TRUE(wheel.empty());

  Alarm moved([&fired] { ++fired; });
  wheel.set(moved, kStart + seconds(2));
  wheel.set(moved, kStart + seconds(5));
  wheel.advance(kStart + seconds(4));
  EXPECT_EQ(fired, 1);
  moved.cancel_deadline();
  EXPECT_TRUE(wheel.empty());
  wheel.advance(kStart + seconds(10));
  EXPECT_EQ(fired, 1);
}

TEST(DeadlineWheel, AnEntryMaySetItselfAgain) {
  DeadlineWheel wheel;
  wheel.advance(kStart);
  int fired = 0;
  std::function<void()> again;
  Alarm alarm([&again] { again(); });
  again = [&] {
    if (++fired < 3) wheel.set(alarm, kStart + seconds(1));
  };
  wheel.set(alarm, kStart + seconds(1));
  for (int i = 1; i <= 5; ++i) wheel.advance(kStart + seconds(i));
  EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace schemaguard::proxy::net
