// AuditFilter: which entries of an audit a person wants to see.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policies/audit/audit_entry.h"

namespace schemaguard::policies {

// Empty members let everything through. `database` is NAME or SERVER/NAME; names are globs, folded by nobody.
struct AuditFilter {
  std::string since, until;  // as audit_timestamp() writes them; since is included, until is not
  std::string database, object, user, statement_class, outcome, ticket;

  // An error names the option whose glob is malformed.
  [[nodiscard]] absl::Status check() const;
  // Whether an entry passes; `outcome` is what the statement came to.
  [[nodiscard]] bool matches(const AuditEntry& entry, std::string_view statement_outcome) const;
};

// Whether a name as ObjectName::display() spells it is meant by `pattern`: without a dot the pattern means the object's
// own name in any schema; a name that was written without a schema fits a pattern's object part.
bool object_name_matches(std::string_view pattern, std::string_view display_name);

// "7d", "12h", "30m", "45s" before `now`, a date "2026-11-21" or a moment "2026-11-21T00:42:00Z" (UTC), as
// audit_timestamp() writes it.
absl::StatusOr<std::string> parse_moment(const std::string& text, absl::Time now);

}  // namespace schemaguard::policies
