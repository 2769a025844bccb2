#include "policies/rules/glob.h"

#include <cstddef>

#include "parser/words.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

constexpr size_t kGlobBytesMax = 512;

// The length in the pattern of the element at `at` (an escape is two bytes).
size_t element_length(std::string_view pattern, size_t at) {
  return pattern[at] == '\\' && at + 1 < pattern.size() ? 2 : 1;
}

template <typename Same>
bool element_matches(std::string_view pattern, size_t at, char byte, Same same) {
  if (pattern[at] == '?') return true;
  if (pattern[at] == '\\' && at + 1 < pattern.size()) return same(pattern[at + 1], byte);
  return same(pattern[at], byte);
}

template <typename Same>
bool matches(std::string_view pattern, std::string_view text, Same same) {
  // The last star seen and the text position that it has swallowed up to: on a mismatch the star takes one byte more.
  // Only the last star ever needs to be retried.
  size_t star = std::string_view::npos;
  size_t swallowed = 0;
  size_t p = 0;
  size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      swallowed = t;
    } else if (p < pattern.size() && element_matches(pattern, p, text[t], same)) {
      p += element_length(pattern, p);
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++swallowed;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  return matches(pattern, text, [](char a, char b) { return a == b; });
}

bool glob_matches_ignoring_case(std::string_view pattern, std::string_view text) {
  return matches(pattern, text, [](char a, char b) { return parser::lower_letter(a) == parser::lower_letter(b); });
}

absl::Status check_glob(std::string_view pattern) {
  if (pattern.empty()) return absl::InvalidArgumentError("empty pattern");
  if (pattern.size() > kGlobBytesMax) {
    return absl::InvalidArgumentError(concatenate({"pattern longer than ", std::to_string(kGlobBytesMax), " bytes"}));
  }
  if (pattern.find('\0') != std::string_view::npos) return absl::InvalidArgumentError("NUL byte in pattern");
  for (size_t at = 0; at < pattern.size(); at += element_length(pattern, at)) {
    if (pattern[at] == '\\' && at + 1 == pattern.size()) {
      return absl::InvalidArgumentError(concatenate({"\"", pattern, "\" ends in a lone backslash"}));
    }
  }
  return absl::OkStatus();
}

bool glob_is_literal(std::string_view pattern) {
  for (size_t at = 0; at < pattern.size(); at += element_length(pattern, at)) {
    if (pattern[at] == '*' || pattern[at] == '?') return false;
  }
  return true;
}

std::string glob_quote(std::string_view text) {
  std::string quoted;
  for (const char byte : text) {
    if (byte == '*' || byte == '?' || byte == '\\') quoted.push_back('\\');
    quoted.push_back(byte);
  }
  return quoted;
}

absl::StatusOr<ObjectGlob> parse_object_glob(std::string_view pattern) {
  if (absl::Status status = check_glob(pattern); !status.ok()) return status;
  for (size_t at = 0; at < pattern.size(); at += element_length(pattern, at)) {
    if (pattern[at] != '.') continue;
    ObjectGlob glob{
        .any_schema = false, .schema = std::string(pattern.substr(0, at)), .name = std::string(pattern.substr(at + 1))};
    if (glob.schema.empty() || glob.name.empty()) {
      return absl::InvalidArgumentError(
          concatenate({"\"", pattern, "\" has nothing on one side of its dot; write schema.object or object"}));
    }
    return glob;
  }
  return ObjectGlob{.any_schema = true, .schema = "", .name = std::string(pattern)};
}

}  // namespace schemaguard::policies
