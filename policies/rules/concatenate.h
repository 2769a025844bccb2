// concatenate(): pieces of text joined into one string, with one allocation.
//
// Debian's abseil is built for C++14, where its string_view is not the standard's; absl::StrCat therefore takes no
// std::string_view.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace schemaguard::policies {

inline std::string concatenate(std::initializer_list<std::string_view> pieces) {
  size_t length = 0;
  for (const std::string_view piece : pieces) length += piece.size();
  std::string text;
  text.reserve(length);
  for (const std::string_view piece : pieces) text.append(piece);
  return text;
}

}  // namespace schemaguard::policies
