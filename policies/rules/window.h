// Window: a weekly stretch of time in which a rule holds, e.g. "sat,sun 02:00-04:00 UTC".
//
// Read on the wall clock of its time zone: where the clock is put forward the skipped hour does not exist and the
// window is shorter, where it is put back the repeated hour counts twice. A window whose end is not after its start
// runs into the next day ("fri 22:00-02:00 UTC" ends on Saturday). Pure: zones that need the system's files are
// resolved by the caller and handed in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace schemaguard::policies {

// Named zones ("Europe/Berlin") that the caller has loaded.
using TimeZones = std::map<std::string, absl::TimeZone, std::less<>>;

struct Window {
  uint8_t days = 0x7F;    // bit 0: Monday … bit 6: Sunday; the day on which the window begins
  int begin_minute = 0;   // of the day, inclusive
  int end_minute = 1440;  // of the day, exclusive; not after begin_minute: on the next day
  absl::TimeZone zone;
  [[nodiscard]] bool contains(absl::Time now) const;
};

// "[DAYS] HH:MM-HH:MM ZONE". DAYS: mon…sun, lists and ranges ("mon-fri,sun"), nothing for every day. ZONE: UTC, a
// fixed offset ("+02:00"), or a name in `zones`. The zone must be written.
absl::StatusOr<Window> parse_window(std::string_view text, const TimeZones& zones);

// The zone as written at the end of a window; empty when there is none. Lets a caller load it first.
std::string_view window_zone_name(std::string_view text);

}  // namespace schemaguard::policies
