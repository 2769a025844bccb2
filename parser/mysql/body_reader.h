// BodyReader: a cursor over one message body that never reads past its end. BodyWriter: the same fields appended.
//
// Integers are little-endian. Every read on a short body yields zero or an empty view and clears ok(); callers decode
// everything, then check finished() once: it is true only if every read succeeded and the body was consumed exactly.
// Views point into the body and live as long as it does. Length-encoded integers are taken in any of their forms, as
// the servers do; the NULL marker 0xFB and the never defined 0xFF are failures (mysql-wire 20).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace schemaguard::parser::mysql {

class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : rest_(body) {}

  uint8_t uint1() { return static_cast<uint8_t>(little_endian(1)); }
  uint16_t uint2() { return static_cast<uint16_t>(little_endian(2)); }
  uint32_t uint3() { return static_cast<uint32_t>(little_endian(3)); }
  uint32_t uint4() { return static_cast<uint32_t>(little_endian(4)); }
  uint64_t uint8() { return little_endian(8); }

  uint64_t length_encoded() {
    const uint8_t first = uint1();
    if (first < 0xFB) return first;
    if (first == 0xFC) return little_endian(2);
    if (first == 0xFD) return little_endian(3);
    if (first == 0xFE) return little_endian(8);
    fail();
    return 0;
  }

  std::string_view length_encoded_string() {
    const uint64_t length = length_encoded();
    return length > rest_.size() ? failed() : bytes(static_cast<size_t>(length));
  }

  // Up to and without the next NUL, which is consumed.
  std::string_view terminated_string() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) return failed();
    const std::string_view value = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string_view bytes(size_t count) {
    if (count > rest_.size()) return failed();
    const std::string_view value = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return value;
  }

  std::string_view rest() { return bytes(rest_.size()); }
  void skip(size_t count) { bytes(count); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  [[nodiscard]] size_t remaining() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  uint64_t little_endian(size_t count) {
    if (count > rest_.size()) {
      fail();
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = count; i > 0; --i) value = value << 8 | static_cast<uint8_t>(rest_[i - 1]);
    rest_.remove_prefix(count);
    return value;
  }
  std::string_view failed() {
    fail();
    return {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Appends fields to any string type. No state of its own.
struct BodyWriter {
  template <typename String>
  static void append_little_endian(String& out, uint64_t value, size_t count) {
    for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  }
  template <typename String>
  static void append_uint1(String& out, uint8_t value) {
    append_little_endian(out, value, 1);
  }
  template <typename String>
  static void append_uint2(String& out, uint16_t value) {
    append_little_endian(out, value, 2);
  }
  template <typename String>
  static void append_uint4(String& out, uint32_t value) {
    append_little_endian(out, value, 4);
  }
  // The shortest form, as every server writes it.
  template <typename String>
  static void append_length_encoded(String& out, uint64_t value) {
    if (value < 0xFB) return append_little_endian(out, value, 1);
    const uint8_t marker = value <= 0xFFFF ? 0xFC : value <= 0xFFFFFF ? 0xFD : 0xFE;
    append_uint1(out, marker);
    append_little_endian(out, value, marker == 0xFC ? 2 : marker == 0xFD ? 3 : 8);
  }
  template <typename String>
  static void append_length_encoded_string(String& out, std::string_view value) {
    append_length_encoded(out, value.size());
    out.append(value.data(), value.size());
  }
  template <typename String>
  static void append_terminated_string(String& out, std::string_view value) {
    out.append(value.data(), value.size());
    out.push_back('\0');
  }
  // Overwrites four or two bytes that are already there.
  static void put_uint4(std::string& body, size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) body[at + i] = static_cast<char>(value >> (8 * i));
  }
  static void put_uint2(std::string& body, size_t at, uint16_t value) {
    for (size_t i = 0; i < 2; ++i) body[at + i] = static_cast<char>(value >> (8 * i));
  }
};

}  // namespace schemaguard::parser::mysql
