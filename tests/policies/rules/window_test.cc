#include "policies/rules/window.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace schemaguard::policies {
namespace {

absl::Time utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", text, &time, &error)) << error;
  return time;
}

// 2026-11-21 is a Saturday.
TEST(Window, Contains) {
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {"sat,sun 02:00-04:00 UTC", "2026-11-21 02:00:00", true},
      {"sat,sun 02:00-04:00 UTC", "2026-11-21 01:59:59", false},
      {"sat,sun 02:00-04:00 UTC", "2026-11-21 03:59:59", true},
      {"sat,sun 02:00-04:00 UTC", "2026-11-21 04:00:00", false},
      {"sat,sun 02:00-04:00 UTC", "2026-11-22 02:30:00", true},
      {"sat,sun 02:00-04:00 UTC", "2026-11-23 02:30:00", false},
      {"00:00-24:00 UTC", "2026-11-23 23:59:59", true},
      {"mon-fri 09:00-17:00 UTC", "2026-11-20 16:59:00", true},
      {"mon-fri 09:00-17:00 UTC", "2026-11-21 12:00:00", false},
      // Past midnight: the day is the one on which the window begins.
      {"fri 22:00-02:00 UTC", "2026-11-20 22:00:00", true},
      {"fri 22:00-02:00 UTC", "2026-11-21 01:59:00", true},
      {"fri 22:00-02:00 UTC", "2026-11-21 02:00:00", false},
      {"fri 22:00-02:00 UTC", "2026-11-21 22:30:00", false},
      {"fri 22:00-02:00 UTC", "2026-11-20 01:00:00", false},
      // Round the end of the week.
      {"sun 23:00-01:00 UTC", "2026-11-22 23:30:00", true},
      {"sun 23:00-01:00 UTC", "2026-11-23 00:30:00", true},
      {"sun 23:00-01:00 UTC", "2026-11-22 00:30:00", false},
      {"sat-mon 10:00-11:00 UTC", "2026-11-23 10:30:00", true},
      {"sat-mon 10:00-11:00 UTC", "2026-11-24 10:30:00", false},
      // Another clock.
      {"sat 02:00-04:00 +02:00", "2026-11-21 00:30:00", true},
      {"sat 02:00-04:00 +02:00", "2026-11-21 02:30:00", false},
      {"sat 02:00-04:00 -05:30", "2026-11-21 08:00:00", true},
  };
  for (const auto& [text, now, expected] : table) {
    const auto window = parse_window(text, {});
    ASSERT_TRUE(window.ok()) << window.status();
    EXPECT_EQ(window->contains(utc(now)), expected) << text << " at " << now;
  }
}

// In Berlin the clock went from 02:00 to 03:00 on 2026-03-29 and from 03:00 back to 02:00 on 2026-10-25, both at 01:00
// UTC.
TEST(Window, FollowsTheWallClockWhenItIsPutForwardOrBack) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const TimeZones zones = {{"Europe/Berlin", berlin}};
  const auto window = parse_window("sun 02:00-04:00 Europe/Berlin", zones);
  ASSERT_TRUE(window.ok()) << window.status();
  EXPECT_FALSE(window->contains(utc("2026-03-29 00:59:59")));
  EXPECT_TRUE(window->contains(utc("2026-03-29 01:00:00")));  // 03:00: the hour from two to three does not exist
  EXPECT_TRUE(window->contains(utc("2026-03-29 01:59:59")));
  EXPECT_FALSE(window->contains(utc("2026-03-29 02:00:00")));
  EXPECT_FALSE(window->contains(utc("2026-10-24 23:59:59")));
  EXPECT_TRUE(window->contains(utc("2026-10-25 00:00:00")));  // 02:00 for the first time
  EXPECT_TRUE(window->contains(utc("2026-10-25 01:30:00")));  // 02:30 for the second time
  EXPECT_TRUE(window->contains(utc("2026-10-25 02:59:59")));
  EXPECT_FALSE(window->contains(utc("2026-10-25 03:00:00")));
}

TEST(Window, BadTextsAreErrors) {
  for (const std::string bad :
       {"", "sat", "sat 02:00-04:00", "sat 2:00-4:00 UTC", "sat 02:00-25:00 UTC", "sat 02:60-03:00 UTC",
        "sat 24:00-02:00 UTC", "sat 02:00-02:00 UTC", "sunday 02:00-04:00 UTC", "sat, 02:00-04:00 UTC",
        "sat 02:00 04:00 UTC", "sat 02:00-04:00 Europe/Nowhere", "sat 02:00-04:00 +25:00", "sat 02:00-04:00 UTC now",
        "sat 02:00-24:01 UTC"}) {
    EXPECT_FALSE(parse_window(bad, {}).ok()) << bad;
  }
}

TEST(Window, ZoneName) {
  EXPECT_EQ(window_zone_name("sat 02:00-04:00 Europe/Berlin"), "Europe/Berlin");
  EXPECT_EQ(window_zone_name("02:00-04:00 UTC"), "UTC");
  EXPECT_EQ(window_zone_name("sat 02:00-04:00"), "");
  EXPECT_EQ(window_zone_name("sat 02:00-04:00 +01:00"), "");
}

}  // namespace
}  // namespace schemaguard::policies
