// The rules of PostgreSQL's lexer (scan.l of 15 to 18), one small function a rule, shared by SqlLexer (tokens for
// everybody) and SqlScanner (the hot path). Internal to parser/postgres.
//
// Every function takes the whole text, so that it may read ahead in blocks without leaving it, and a position inside;
// it answers the position behind what it recognised, or nullptr where the text ends too early. Nothing here allocates,
// fails in other ways, or looks at a byte outside the text. Sources: evasion 37-45, 62; PostgreSQL's documentation,
// section "Lexical Structure".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/text_runs.h"

namespace schemaguard::parser::postgres::lexical {

using parser::lexical::backslash_quote_end;
using parser::lexical::doubled_quote_end;
using parser::lexical::load_eight;
using parser::lexical::NotAnyOf;
using parser::lexical::skip_while;
using parser::lexical::Text;
using parser::lexical::word_end;
using Window = parser::lexical::Window<'"'>;

inline constexpr uint8_t kSpaceByte = 1;
inline constexpr uint8_t kWordStartByte = 2;
inline constexpr uint8_t kWordByte = 4;
inline constexpr uint8_t kDigitByte = 8;
inline constexpr uint8_t kOperatorByte = 16;
inline constexpr uint8_t kHexDigitByte = 32;
inline constexpr uint8_t kOpenEndedOperatorByte = 64;  // lets a longer operator end in + or -

constexpr std::array<uint8_t, 256> make_byte_classes() {
  std::array<uint8_t, 256> classes{};
  const auto mark = [&classes](std::string_view bytes, uint8_t byte_class) {
    for (const char byte : bytes) classes[static_cast<uint8_t>(byte)] |= byte_class;
  };
  // The vertical tab is white space since 16; before, the server rejects any text that has one between tokens.
  mark(" \t\n\r\f\v", kSpaceByte);
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", kWordStartByte | kWordByte);
  for (size_t byte = 0x80; byte < 0x100; ++byte) classes[byte] |= kWordStartByte | kWordByte;
  mark("0123456789", kWordByte | kDigitByte | kHexDigitByte);
  mark("abcdefABCDEF", kHexDigitByte);
  mark("$", kWordByte);
  mark("~!@#^&|`?+-*/%<>=", kOperatorByte);
  mark("~!@#^&|`?%", kOpenEndedOperatorByte);
  return classes;
}
inline constexpr std::array<uint8_t, 256> kByteClasses = make_byte_classes();

inline bool is(char byte, uint8_t byte_class) { return (kByteClasses[static_cast<uint8_t>(byte)] & byte_class) != 0; }

// `position` stands behind "--". A line comment ends before its line feed or carriage return, or with the text.
inline const char* line_comment_end(Text text, const char* position) {
  return skip_while<NotAnyOf<'\n', '\r'>>(text, position);
}

// `position` stands behind the first "/*". Comments nest (evasion 37).
inline const char* block_comment_end(Text text, const char* position) {
  size_t depth = 1;
  while (true) {
    position = skip_while<NotAnyOf<'*', '/'>>(text, position);
    if (text.end - position < 2) return nullptr;
    if (position[0] == '*' && position[1] == '/') {
      position += 2;
      if (--depth == 0) return position;
    } else if (position[0] == '/' && position[1] == '*') {
      position += 2;
      ++depth;
    } else {
      ++position;
    }
  }
}

// The way one piece of a quoted constant treats what stands between its quotes.
enum class Quoting : uint8_t {
  kDoubled,    // '…' under standard_conforming_strings, U&'…', "…": a doubled quote is one quote
  kBackslash,  // E'…', and '…' with standard_conforming_strings off: backslash escapes as well
  kBare,       // B'…' and X'…': ends at the first quote
};

inline const char* string_piece_end(Text text, const char* position, Quoting quoting) {
  switch (quoting) {
    case Quoting::kDoubled:
      return doubled_quote_end<'\''>(text, position);
    case Quoting::kBackslash:
      // Where the server does not agree (backslash_quote, bad Unicode escapes) it rejects the whole text.
      return backslash_quote_end<'\''>(text, position);
    case Quoting::kBare:
      position = skip_while<NotAnyOf<'\''>>(text, position);
      return position == text.end ? nullptr : position + 1;
  }
  return nullptr;
}

// What follows the closing quote of a constant: another piece of the same constant when white space with at least one
// line end, and nothing else but line comments, stands before the next quote (evasion 40, 44).
struct Continuation {
  const char* piece = nullptr;  // behind the next opening quote; nullptr: the constant is complete
  bool over_comment = false;
};

inline Continuation find_continuation(Text text, const char* position) {
  bool line_end = false;
  bool comment = false;
  while (position != text.end) {
    const char byte = *position;
    if (byte == '\n' || byte == '\r') {
      line_end = true;
      ++position;
    } else if (is(byte, kSpaceByte)) {
      ++position;
    } else if (byte == '-' && text.end - position >= 2 && position[1] == '-') {
      position = line_comment_end(text, position + 2);
      comment = true;
    } else {
      if (byte == '\'' && line_end) return {position + 1, comment};
      return {};
    }
  }
  return {};
}

struct ConstantEnd {
  const char* position = nullptr;  // behind the last closing quote; nullptr: unterminated
  bool over_comment = false;       // some piece was joined over a comment
};

// `position` stands behind the first opening quote of a single-quoted constant. All pieces are read alike: the
// server goes back to the state in which the first piece began.
inline ConstantEnd constant_end(Text text, const char* position, Quoting quoting) {
  ConstantEnd result;
  while (true) {
    result.position = string_piece_end(text, position, quoting);
    if (result.position == nullptr || result.position == text.end ||
        !is(*result.position, kSpaceByte | kOperatorByte)) {
      return result;
    }
    const Continuation next = find_continuation(text, result.position);
    if (next.piece == nullptr) return result;
    result.over_comment = result.over_comment || next.over_comment;
    position = next.piece;
  }
}

// `position` stands on '$'. The length of a dollar quote's delimiter, both '$' included; 0 when this is none.
inline size_t dollar_delimiter_length(Text text, const char* position) {
  const char* last = position + 1;
  if (last != text.end && is(*last, kWordStartByte)) {
    // A tag is an identifier without '$'.
    while (last != text.end && *last != '$' && is(*last, kWordByte)) ++last;
  }
  return last != text.end && *last == '$' ? static_cast<size_t>(last + 1 - position) : 0;
}

// `position` stands on a delimiter of `length` bytes; answers the position behind the closing one.
inline const char* dollar_string_end(Text text, const char* position, size_t length) {
  const std::string_view delimiter(position, length);
  position += length;
  while (true) {
    position = skip_while<NotAnyOf<'$'>>(text, position);
    if (static_cast<size_t>(text.end - position) < length) return nullptr;
    if (std::string_view(position, length) == delimiter) return position + length;
    ++position;
  }
}

// `position` stands on a digit. An underscore (16 and later) takes the rest of the word with it: older servers see a
// name there, and the same bytes belong to it.
inline const char* digits_end(Text text, const char* position) {
  while (position != text.end && is(*position, kDigitByte)) ++position;
  return position != text.end && *position == '_' ? word_end(text, position) : position;
}

// `position` stands behind the mantissa: e, an optional sign and a digit make an exponent, anything else is not taken.
inline const char* exponent_end(Text text, const char* position) {
  if (position == text.end || (*position != 'e' && *position != 'E')) return position;
  const char* digits = position + 1;
  if (digits != text.end && (*digits == '+' || *digits == '-')) ++digits;
  return digits != text.end && is(*digits, kDigitByte) ? digits_end(text, digits) : position;
}

// `position` stands on the '.' of a number with digits before it: takes the fraction unless this is "..".
inline const char* fraction_end(Text text, const char* position) {
  if (position == text.end || *position != '.') return position;
  if (text.end - position >= 2 && position[1] == '.') return position;
  return digits_end(text, position + 1);
}

// `position` stands on a digit, or on '.' before a digit. What follows directly, as in 1into, is a token of its own
// (15 and later reject such text, older servers run it).
inline const char* number_end(Text text, const char* position) {
  if (*position == '0' && text.end - position >= 3 && is(position[2], kHexDigitByte)) {
    // 0x1F, 0o17, 0b11 (16 and later); older servers see 0 and then a name that ends at the same place.
    const char base = static_cast<char>(position[1] | 0x20);
    if (base == 'x' || base == 'o' || base == 'b') return word_end(text, position + 1);
  }
  if (*position != '.') position = digits_end(text, position);
  return exponent_end(text, fraction_end(text, position));
}

// `position` stands on an operator byte that does not begin a comment. An operator ends where a comment begins
// (evasion 62), and a longer one may end in + or - only if it holds a byte that standard SQL operators do not use.
inline const char* operator_end(Text text, const char* position) {
  const char* const start = position;
  bool open_ended = false;
  while (position != text.end && is(*position, kOperatorByte)) {
    if (text.end - position >= 2 &&
        ((position[0] == '-' && position[1] == '-') || (position[0] == '/' && position[1] == '*'))) {
      break;
    }
    open_ended = open_ended || is(*position, kOpenEndedOperatorByte);
    ++position;
  }
  if (!open_ended) {
    while (position - start > 1 && (position[-1] == '+' || position[-1] == '-')) --position;
  }
  return position;
}

}  // namespace schemaguard::parser::postgres::lexical
