// MessageBody: a cursor over one message body that never reads past its end.
//
// Every read on a short body yields zero or an empty view and clears ok(); callers decode everything, then check
// complete() once: it is true only if every read succeeded and the body was consumed exactly. Views point into the
// body and live as long as it does.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace schemaguard::parser::postgres {

class MessageBody {
 public:
  explicit MessageBody(std::string_view body) : rest_(body) {}

  uint8_t read_uint8() { return static_cast<uint8_t>(read_big_endian(1)); }
  uint16_t read_uint16() { return static_cast<uint16_t>(read_big_endian(2)); }
  uint32_t read_uint32() { return read_big_endian(4); }

  // Up to and without the next NUL, which is consumed.
  std::string_view read_cstring() {
    // Most names are empty.
    const size_t end = !rest_.empty() && rest_[0] == '\0' ? 0 : rest_.find('\0');
    if (end == std::string_view::npos) {
      fail();
      return {};
    }
    const std::string_view value = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string_view read_bytes(size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view value = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return value;
  }

  std::string_view read_rest() { return read_bytes(rest_.size()); }
  [[nodiscard]] size_t remaining() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool complete() const { return ok_ && rest_.empty(); }

 private:
  uint32_t read_big_endian(size_t count) {
    if (count > rest_.size()) {
      fail();
      return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(count);
    return value;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Appends one message: type byte, length, and whatever is appended until finish(). The builder borrows `out`.
class MessageBuilder {
 public:
  template <typename String>
  static void put_uint32(String& out, uint32_t value) {
    const char bytes[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                           static_cast<char>(value >> 8), static_cast<char>(value)};
    out.append(bytes, 4);
  }
  template <typename String>
  static void put_uint16(String& out, uint16_t value) {
    const char bytes[2] = {static_cast<char>(value >> 8), static_cast<char>(value)};
    out.append(bytes, 2);
  }
  template <typename String>
  static void put_cstring(String& out, std::string_view value) {
    out.append(value.data(), value.size());
    out.push_back('\0');
  }
  // A whole message around `body`.
  template <typename String>
  static void put_message(String& out, char type, std::string_view body) {
    out.push_back(type);
    put_uint32(out, static_cast<uint32_t>(body.size() + 4));
    out.append(body.data(), body.size());
  }
  static std::string message(char type, std::string_view body) {
    std::string out;
    put_message(out, type, body);
    return out;
  }
};

}  // namespace schemaguard::parser::postgres
