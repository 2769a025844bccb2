// Glob: the patterns of rules. `*` stands for any run of bytes, `?` for one byte, a backslash takes the next byte as
// it is; everything else stands for itself. Never allocates when matching,
// linear in pattern times text at worst (no recursion).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace schemaguard::policies {

// True when the pattern covers the whole text.
bool glob_matches(std::string_view pattern, std::string_view text);
// The same with ASCII letters in any case.
bool glob_matches_ignoring_case(std::string_view pattern, std::string_view text);

// An error when the pattern is empty, ends in a lone backslash, or holds a NUL byte.
absl::Status check_glob(std::string_view pattern);

// True when the pattern can match exactly one text (no `*`, no `?`).
bool glob_is_literal(std::string_view pattern);

// The pattern that matches exactly `text`.
std::string glob_quote(std::string_view text);

// A pattern on "schema.object": cut at its first unescaped dot; without one `any_schema` is set and `schema` empty.
struct ObjectGlob {
  bool any_schema = true;
  std::string schema;
  std::string name;
};
absl::StatusOr<ObjectGlob> parse_object_glob(std::string_view pattern);

}  // namespace schemaguard::policies
