// Words: comparing, folding and joining text byte by byte, ASCII letters only, as the server compares keywords.
//
// The packaged abseil has a string view of its own that does not take std::string_view, so these few stand here.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace schemaguard::parser {

constexpr char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char upper_letter(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }
constexpr bool is_lower_letter(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower_letter(a[i]) != lower_letter(b[i])) return false;
  }
  return true;
}

constexpr bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

inline std::string to_lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = lower_letter(c);
  return folded;
}

inline std::string to_upper(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = upper_letter(c);
  return folded;
}

template <std::convertible_to<std::string_view>... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (text.append(std::string_view(parts)), ...);
  return text;
}

template <typename Texts>
std::string join(const Texts& texts, std::string_view separator) {
  std::string joined;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) joined += separator;
    joined += text;
    first = false;
  }
  return joined;
}

}  // namespace schemaguard::parser
