// Bytes for the wire tests, written as in a capture: bytes("03 'select 1' 00").
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace schemaguard::parser::mysql {

// Pairs of hex digits and 'quoted text', separated by spaces.
inline std::string bytes(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\n') {
      ++at;
    } else if (text[at] == '\'') {
      const size_t end = text.find('\'', at + 1);
      out.append(text.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      out.push_back(static_cast<char>(std::strtol(std::string(text.substr(at, 2)).c_str(), nullptr, 16)));
      at += 2;
    }
  }
  return out;
}

}  // namespace schemaguard::parser::mysql
