#include "parser/mysql/constant_text.h"

#include <algorithm>
#include <charconv>

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kDepthMax = 20;

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return byte > '\0' && byte < '\x7F'; });
}

// 0x6162, x'6162'. Bits are nobody's way to write SQL.
std::optional<std::string> hexadecimal(std::string_view written) {
  if (written.front() == 'b' || written.front() == 'B' || written[1] == 'b') return std::nullopt;
  written.remove_prefix(2);
  if (written.ends_with('\'')) written.remove_suffix(1);
  std::string value;
  if (written.size() % 2 != 0) return std::nullopt;
  for (; !written.empty(); written.remove_prefix(2)) {
    uint8_t byte = 0;
    const std::from_chars_result result = std::from_chars(written.data(), written.data() + 2, byte, 16);
    if (result.ec != std::errc() || result.ptr != written.data() + 2) return std::nullopt;
    value += static_cast<char>(byte);
  }
  return value;
}

// Whether _name before a string leaves 7-bit text what it is.
bool is_plain_introducer(std::string_view word) {
  switch (character_set_by_name(word.substr(1))) {
    case CharacterSet::kUtf8:
    case CharacterSet::kLatin1:
    case CharacterSet::kSafe:
      return true;
    case CharacterSet::kUnsafe:
    case CharacterSet::kUnknown:
      return false;
  }
  return false;
}

std::optional<std::string> expression(StatementCursor& cursor, size_t depth) {
  if (depth > kDepthMax) return std::nullopt;
  if (cursor.accept_symbol("(")) {
    std::optional<std::string> value = expression(cursor, depth + 1);
    if (!cursor.accept_symbol(")")) return std::nullopt;
    return value;
  }
  if (cursor.is("concat") && cursor.is_symbol("(", 1)) {
    cursor.advance(2);
    std::string value;
    do {
      const std::optional<std::string> piece = expression(cursor, depth + 1);
      if (!piece) return std::nullopt;
      value += *piece;
    } while (cursor.accept_symbol(","));
    if (!cursor.accept_symbol(")")) return std::nullopt;
    return value;
  }
  if (cursor.kind() == TokenKind::kWord && cursor.token_text().front() == '_') {
    if (!is_plain_introducer(cursor.token_text())) return std::nullopt;
    cursor.advance();
  }
  if (cursor.kind() == TokenKind::kBitString) {
    const std::string_view written = cursor.token_text();
    cursor.advance();
    return hexadecimal(written);
  }
  std::string value;
  if (!cursor.string_constant(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> constant_text(StatementCursor& cursor) {
  std::optional<std::string> value = expression(cursor, 0);
  if (value && !is_plain(*value)) value.reset();
  return value;
}

}  // namespace schemaguard::parser::mysql
