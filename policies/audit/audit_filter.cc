#include "policies/audit/audit_filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "policies/audit/audit_record.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"

namespace schemaguard::policies {

absl::Status AuditFilter::check() const {
  const std::array<std::pair<std::string_view, const std::string*>, 4> globs = {
      {{"--database", &database}, {"--object", &object}, {"--user", &user}, {"--ticket", &ticket}}};
  for (const auto& [option, glob] : globs) {
    if (glob->empty()) continue;
    const absl::Status status = check_glob(*glob);
    if (!status.ok()) return absl::InvalidArgumentError(concatenate({option, ": ", std::string(status.message())}));
  }
  if (!statement_class.empty() && !parser::class_from_name(statement_class).has_value()) {
    return absl::InvalidArgumentError(concatenate({"--class: \"", statement_class, "\" is no class"}));
  }
  return absl::OkStatus();
}

bool AuditFilter::matches(const AuditEntry& entry, std::string_view statement_outcome) const {
  const std::string_view ts = entry.text("ts");
  if ((!since.empty() && ts < since) || (!until.empty() && ts >= until)) return false;
  if (!database.empty() && !glob_matches(database, entry.text("database")) &&
      !glob_matches(database, concatenate({entry.text("server"), "/", entry.text("database")}))) {
    return false;
  }
  if (!user.empty() && !glob_matches(user, entry.text("user"))) return false;
  if (!ticket.empty() && !glob_matches(ticket, entry.text("ticket"))) return false;
  if (!outcome.empty() && statement_outcome != outcome) return false;
  if (!statement_class.empty()) {
    const std::vector<std::string> classes = entry.texts("class");
    if (std::find(classes.begin(), classes.end(), statement_class) == classes.end()) return false;
  }
  if (object.empty()) return true;
  const std::vector<std::string> names = entry.object_names();
  return std::any_of(names.begin(), names.end(),
                     [this](const std::string& name) { return object_name_matches(object, name); });
}

bool object_name_matches(std::string_view pattern, std::string_view display_name) {
  if (glob_matches(pattern, display_name)) return true;
  const size_t name_dot = display_name.find('.');
  const size_t pattern_dot = pattern.find('.');
  if (pattern_dot == std::string_view::npos) {
    return name_dot != std::string_view::npos && glob_matches(pattern, display_name.substr(name_dot + 1));
  }
  return name_dot == std::string_view::npos && glob_matches(pattern.substr(pattern_dot + 1), display_name);
}

absl::StatusOr<std::string> parse_moment(const std::string& text, absl::Time now) {
  constexpr std::array<std::pair<char, int64_t>, 4> kUnits = {{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
  const bool number = text.size() > 1 && text.size() <= 7 &&
                      std::all_of(text.begin(), text.end() - 1, [](char one) { return one >= '0' && one <= '9'; });
  for (const auto& [unit, seconds] : kUnits) {
    if (number && text.back() == unit) return audit_timestamp(now - absl::Seconds(std::stoll(text) * seconds));
  }
  absl::Time moment;
  std::string ignored;
  if (absl::ParseTime("%Y-%m-%d", text, &moment, &ignored) ||
      absl::ParseTime(absl::RFC3339_full, text, &moment, &ignored)) {
    return audit_timestamp(moment);
  }
  return absl::InvalidArgumentError("\"" + text +
                                    "\" is no time: write 7d, 12h, 30m, 2026-11-21 or 2026-11-21T08:00:00Z");
}

}  // namespace schemaguard::policies
