// The five bytes in front of every message after the startup packet, and what the type byte alone says.
//
// Looked at for every message of every session, so both are table look-ups and nothing is decoded twice. Source:
// PostgreSQL documentation, "Message Formats"; the small messages are those that the server reads with
// PQ_SMALL_MESSAGE_LIMIT (postgres.c, SocketBackend).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {

// The length word of a message: it counts itself, but not the type byte. `message` holds the header at least.
[[gnu::always_inline]] inline uint32_t length_word(std::string_view message) {
  uint32_t word = 0;
  std::memcpy(&word, message.data() + 1, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
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
// Types about which the order of requests, the state and the outcome of nothing depend: passed on as they come.
inline constexpr MessageTypes kPassedTypes("DdHWctAN");
}  // namespace backend

}  // namespace schemaguard::parser::postgres
