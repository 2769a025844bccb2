// The five bytes in front of every message after the startup packet, and what the type byte alone says.
//
// Looked at for every message of every session, so both are table look-ups and nothing is decoded twice. Source:
// PostgreSQL documentation, "Message Formats"; the small messages are those that the server reads with
// PQ_SMALL_MESSAGE_LIMIT (postgres.c, SocketBackend).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {

// The length word of a message: it counts itself, but not the type byte. `message` holds the header at least.
inline uint32_t length_word(std::string_view message) {
  const auto byte = [message](size_t index) { return uint32_t{static_cast<uint8_t>(message[index])}; };
  return byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
}

// Bytes of the whole message. `message` holds the header at least.
inline size_t message_bytes(std::string_view message) { return size_t{length_word(message)} + 1; }

class MessageTypes {
 public:
  constexpr explicit MessageTypes(std::string_view types) {
    for (const char type : types) known_[static_cast<uint8_t>(type)] = true;
  }
  [[nodiscard]] constexpr bool contains(char type) const { return known_[static_cast<uint8_t>(type)]; }

 private:
  std::array<bool, 256> known_{};
};

namespace frontend {
// Types that a client may send once it is logged in.
inline constexpr MessageTypes kTypes("QPBEDCHSFdcfX");
inline constexpr MessageTypes kSmallTypes("EDCHScfX");
}  // namespace frontend

namespace backend {
inline constexpr MessageTypes kTypes("RK23CdcGHWDIEVvnNAtS1sZT");
// Types that make no sense after the login.
inline constexpr MessageTypes kLoginTypes("RKv");
}  // namespace backend

}  // namespace schemaguard::parser::postgres
