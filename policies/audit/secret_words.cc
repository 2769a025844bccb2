#include "policies/audit/secret_words.h"

#include <algorithm>
#include <array>

namespace schemaguard::policies {

namespace {

constexpr std::array<std::string_view, 11> kSecretParts = {"password", "passwd",     "pwd",        "passphrase",
                                                           "passcode", "secret",     "token",      "apikey",
                                                           "api_key",  "credential", "private_key"};

char lower(char one) { return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one; }

bool is_name_character(char one) {
  const char folded = lower(one);
  return (folded >= 'a' && folded <= 'z') || (one >= '0' && one <= '9') || one == '_';
}

bool is_blank(char one) {
  return one == ' ' || one == '\t' || one == '\n' || one == '\r' || one == '\f' || one == '\v';
}

size_t find_part(std::string_view text, std::string_view lower_case, size_t from) {
  if (text.size() < lower_case.size()) return std::string_view::npos;
  for (size_t at = from; at + lower_case.size() <= text.size(); ++at) {
    if (lower(text[at]) != lower_case.front()) continue;
    if (std::equal(lower_case.begin(), lower_case.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char wanted, char found) { return wanted == lower(found); })) {
      return at;
    }
  }
  return std::string_view::npos;
}

// Keeps the search linear whatever the text; a name or a blank space longer than this counts as suspicious.
constexpr size_t kLookBytes = 256;

struct Between {
  size_t value = 0;       // where the value would stand
  bool binds = false;     // "=", ":", a quote or a bracket stands between name and value
  bool too_long = false;  // not looked at to its end
};

// What follows a secret's name up to where its value would stand: the rest of the name, blanks, quotes, "=", ":", "(".
Between after_name(std::string_view text, size_t name_end) {
  const size_t end = std::min(text.size(), name_end + kLookBytes);
  Between between{.value = name_end};
  while (between.value < end && is_name_character(text[between.value])) ++between.value;
  while (between.value < end) {
    const bool binds = std::string_view("=:(>\"'`").find(text[between.value]) != std::string_view::npos;
    if (!binds && !is_blank(text[between.value])) break;
    between.binds = between.binds || binds;
    ++between.value;
  }
  between.too_long = between.value == name_end + kLookBytes;
  return between;
}

// What is no bare word of a sentence: E'…', N'…', U&'…', $$…$$, or the place holder of format('… PASSWORD %L', …).
bool starts_quoted_value(std::string_view value) {
  if (value.starts_with('%') || value.starts_with('$')) return true;
  const size_t quote = value.substr(0, 3).find_first_of("'\"");
  return quote == 1 || (quote == 2 && value[1] == '&');
}

// "scheme://user:password@host": a colon in what stands between "://" and "@".
bool has_login_in_address(std::string_view text) {
  const size_t last_at_sign = text.rfind('@');
  if (last_at_sign == std::string_view::npos) return false;
  size_t at = text.find("://");
  while (at != std::string_view::npos) {
    const size_t start = at + 3;
    const size_t end = text.find_first_of(" \t\r\n/?#'\"", start);
    const std::string_view authority = text.substr(start, end == std::string_view::npos ? end : end - start);
    const size_t colon = authority.find(':');
    // A password may hold any of the characters that end an authority, so a colon with an "@" anywhere behind it
    // counts.
    if (colon != std::string_view::npos && last_at_sign > start + colon) return true;
    at = text.find("://", start);
  }
  return false;
}

}  // namespace

bool contains_word_part(std::string_view text, std::string_view lower_case) {
  return find_part(text, lower_case, 0) != std::string_view::npos;
}

bool names_a_secret(std::string_view name) {
  return std::any_of(kSecretParts.begin(), kSecretParts.end(),
                     [name](std::string_view part) { return contains_word_part(name, part); });
}

bool seems_to_hold_secret(std::string_view text) {
  if (has_login_in_address(text)) return true;
  for (const std::string_view header : {"authorization", "bearer ", "-----begin", "identified by"}) {
    if (contains_word_part(text, header)) return true;
  }
  for (const std::string_view part : kSecretParts) {
    for (size_t at = find_part(text, part, 0); at != std::string_view::npos; at = find_part(text, part, at + 1)) {
      const Between between = after_name(text, at + part.size());
      // "password of the user" is a sentence; "password=", "PASSWORD '" and "password: " are not.
      if (between.binds || between.too_long) return true;
      if (starts_quoted_value(text.substr(between.value))) return true;
    }
  }
  return ends_before_secret(text);
}

bool ends_before_secret(std::string_view text) {
  for (const std::string_view part : kSecretParts) {
    for (size_t at = find_part(text, part, 0); at != std::string_view::npos; at = find_part(text, part, at + 1)) {
      const size_t name_end = at + part.size();
      const Between between = after_name(text, name_end);
      if (between.value == text.size() && between.value > name_end) return true;
    }
  }
  return false;
}

bool setting_value_may_be_kept(std::string_view name) {
  if (names_a_secret(name)) return false;
  for (const std::string_view part :
       {".", "conninfo", "command", "passfile", "sst_auth", "provider_options", "init_connect"}) {
    if (contains_word_part(name, part)) return false;
  }
  return true;
}

}  // namespace schemaguard::policies
