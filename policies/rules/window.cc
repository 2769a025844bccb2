#include "policies/rules/window.h"

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/civil_time.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

constexpr int kMinutesADay = 24 * 60;
constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<size_t> day_index(std::string_view name) {
  for (size_t day = 0; day < kDays.size(); ++day) {
    if (kDays.at(day) == name) return day;
  }
  return std::nullopt;
}

std::optional<uint8_t> parse_days(std::string_view text) {
  unsigned days = 0;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const std::optional<size_t> first = day_index(part.substr(0, dash));
    const std::optional<size_t> last = dash == std::string_view::npos ? first : day_index(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (size_t day = *first;; day = (day + 1) % 7) {  // "sat-mon" goes round the end of the week
      days |= 1U << day;
      if (day == *last) break;
    }
    if (comma == std::string_view::npos) return static_cast<uint8_t>(days);
    text.remove_prefix(comma + 1);
  }
}

std::optional<int> two_digits(std::string_view text) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

// "HH:MM", up to and including "24:00".
std::optional<int> parse_minute(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const std::optional<int> hour = two_digits(text.substr(0, 2));
  const std::optional<int> minute = two_digits(text.substr(3));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  const int total = *hour * 60 + *minute;
  return total <= kMinutesADay ? std::optional(total) : std::nullopt;
}

std::optional<absl::TimeZone> parse_zone(std::string_view text, const TimeZones& zones) {
  if (text == "UTC") return absl::UTCTimeZone();
  if (text.size() == 6 && (text[0] == '+' || text[0] == '-')) {
    const std::optional<int> minutes = parse_minute(text.substr(1));
    if (!minutes || *minutes > 14 * 60) return std::nullopt;
    return absl::FixedTimeZone((text[0] == '-' ? -60 : 60) * *minutes);
  }
  const auto found = zones.find(text);
  return found == zones.end() ? std::nullopt : std::optional(found->second);
}

absl::Status bad(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(
      concatenate({"\"", text, "\": ", what, "; a window looks like \"sat,sun 02:00-04:00 UTC\""}));
}

}  // namespace

bool Window::contains(absl::Time now) const {
  const absl::CivilSecond civil = zone.At(now).cs;
  const int minute = civil.hour() * 60 + civil.minute();
  const auto today = static_cast<unsigned>(absl::GetWeekday(civil));  // Monday is 0
  const bool begins_today = (days & (1U << today)) != 0;
  if (begin_minute < end_minute) return begins_today && minute >= begin_minute && minute < end_minute;
  const bool began_yesterday = (days & (1U << ((today + 6) % 7))) != 0;
  return (begins_today && minute >= begin_minute) || (began_yesterday && minute < end_minute);
}

absl::StatusOr<Window> parse_window(std::string_view text, const TimeZones& zones) {
  std::vector<std::string_view> words = words_of(text);
  Window window;
  if (!words.empty() && !words.front().empty() && words.front().front() >= 'a' && words.front().front() <= 'z') {
    const std::optional<uint8_t> days = parse_days(words.front());
    if (!days) return bad(text, "the days must be mon, tue, wed, thu, fri, sat, sun, lists or ranges of them");
    window.days = *days;
    words.erase(words.begin());
  }
  if (words.empty()) return bad(text, "no hours");
  const size_t dash = words.front().find('-');
  const std::optional<int> begin = parse_minute(words.front().substr(0, dash));
  const std::optional<int> end =
      dash == std::string_view::npos ? std::nullopt : parse_minute(words.front().substr(dash + 1));
  if (!begin || !end || *begin == kMinutesADay) return bad(text, "the hours must be HH:MM-HH:MM");
  if (*begin == *end) return bad(text, "the window is empty (a whole day is 00:00-24:00)");
  window.begin_minute = *begin;
  window.end_minute = *end;
  if (words.size() == 1) return bad(text, "no time zone");
  const std::optional<absl::TimeZone> zone = parse_zone(words[1], zones);
  if (!zone || words.size() > 2) {
    return bad(text, "the time zone must be UTC, an offset like +02:00, or a name like Europe/Berlin");
  }
  window.zone = *zone;
  return window;
}

std::string_view window_zone_name(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() < 2) return {};
  const std::string_view last = words.back();
  return last.find(':') == std::string_view::npos ? last : std::string_view{};
}

}  // namespace schemaguard::policies
