#include "policies/json/json_text.h"

#include <array>
#include <boost/json/stream_parser.hpp>
#include <cstdint>

namespace schemaguard::policies {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: the byte at the front is not valid UTF-8
};

bool is_continuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

uint32_t low_bits(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]) & 0x3FU; }

// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
Character decode_front(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80U) return {first, 1};
  if (first >= 0xC2U && first <= 0xDFU && is_continuation(text, 1)) {
    return {((first & 0x1FU) << 6U) | low_bits(text, 1), 2};
  }
  if (first >= 0xE0U && first <= 0xEFU && is_continuation(text, 1) && is_continuation(text, 2)) {
    const uint32_t code = ((first & 0x0FU) << 12U) | (low_bits(text, 1) << 6U) | low_bits(text, 2);
    if (code >= 0x800U && (code < 0xD800U || code > 0xDFFFU)) return {code, 3};
    return {};
  }
  if (first >= 0xF0U && first <= 0xF4U && is_continuation(text, 1) && is_continuation(text, 2) &&
      is_continuation(text, 3)) {
    const uint32_t code =
        ((first & 0x07U) << 18U) | (low_bits(text, 1) << 12U) | (low_bits(text, 2) << 6U) | low_bits(text, 3);
    if (code >= 0x10000U && code <= 0x10FFFFU) return {code, 4};
  }
  return {};
}

void append_unicode_escape(std::string& out, uint32_t unit) {
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out.push_back(kHexDigits[(unit >> shift) & 0x0FU]);
}

void append_code_point(std::string& out, uint32_t code) {
  if (code < 0x10000U) {
    append_unicode_escape(out, code);
    return;
  }
  append_unicode_escape(out, 0xD800U + ((code - 0x10000U) >> 10U));
  append_unicode_escape(out, 0xDC00U + ((code - 0x10000U) & 0x3FFU));
}

bool is_plain(char one) {
  const auto byte = static_cast<unsigned char>(one);
  return byte >= 0x20U && byte < 0x7FU && one != '"' && one != '\\';
}

void append_escaped_ascii(std::string& out, char one) {
  switch (one) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_unicode_escape(out, static_cast<unsigned char>(one));
  }
}

void append_invalid_byte(std::string& out, char one) {
  const auto byte = static_cast<unsigned char>(one);
  out += "\\\\x";
  out.push_back(kHexDigits[byte >> 4U]);
  out.push_back(kHexDigits[byte & 0x0FU]);
}

// The longest front of `text` of at most `bytes_max` bytes that does not end inside a character.
std::string_view clip(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && is_continuation(text, end)) --end;
  return text.substr(0, is_continuation(text, end) ? bytes_max : end);
}

bool is_json_object(std::string_view json) {
  if (json.empty() || json.front() != '{') return false;
  boost::json::stream_parser parser;
  boost::system::error_code error;
  parser.write(json.data(), json.size(), error);
  if (!error) parser.finish(error);
  return !error && parser.done();
}

}  // namespace

void append_pieces(std::string& out, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) out += piece;
}

void append_json_string(std::string& out, std::string_view text, size_t bytes_max) {
  const std::string_view kept = clip(text, bytes_max);
  out.push_back('"');
  size_t at = 0;
  while (at < kept.size()) {
    size_t plain_end = at;
    while (plain_end < kept.size() && is_plain(kept[plain_end])) ++plain_end;
    out.append(kept, at, plain_end - at);
    at = plain_end;
    if (at == kept.size()) break;
    const Character character = decode_front(kept.substr(at));
    if (character.bytes == 0) {
      append_invalid_byte(out, kept[at]);
      ++at;
    } else if (character.bytes == 1) {
      append_escaped_ascii(out, kept[at]);
      ++at;
    } else {
      append_code_point(out, character.code);
      at += character.bytes;
    }
  }
  if (kept.size() < text.size()) {
    append_code_point(out, 0x2026);
    out += "[+" + std::to_string(text.size() - kept.size()) + " bytes]";
  }
  out.push_back('"');
}

void append_json_object_text(std::string& out, std::string_view json) {
  if (!is_json_object(json)) {
    append_json_string(out, json);
    return;
  }
  // In valid JSON a byte outside ASCII stands inside a string only, and a control character outside strings only.
  size_t at = 0;
  while (at < json.size()) {
    const auto byte = static_cast<unsigned char>(json[at]);
    if (byte < 0x80U) {
      out.push_back(byte < 0x20U ? ' ' : json[at]);
      ++at;
      continue;
    }
    const Character character = decode_front(json.substr(at));
    if (character.bytes == 0) {
      append_invalid_byte(out, json[at]);
      ++at;
    } else {
      append_code_point(out, character.code);
      at += character.bytes;
    }
  }
}

}  // namespace schemaguard::policies
