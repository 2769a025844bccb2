// The four bytes in front of every packet: payload length and sequence number.
//
// A message longer than 0xFFFFFF - 1 bytes is a chain of full packets ended by a shorter, maybe empty one; the sequence
// number rises by one from packet to packet and wraps (mysql-wire 1, 2, 4). Joining chains is the session's business.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

struct PacketHeader {
  uint32_t length = 0;  // of the payload, at most kPacketBytesMax
  uint8_t sequence = 0;
  // Whether the next packet goes on with the same message.
  [[nodiscard]] constexpr bool continues() const { return length == kPacketBytesMax; }
  constexpr bool operator==(const PacketHeader&) const = default;
};

// `bytes` holds the header at least.
inline PacketHeader decode_packet_header(std::string_view bytes) {
  assert(bytes.size() >= kPacketHeaderBytes);
  const auto byte = [bytes](size_t index) { return uint32_t{static_cast<uint8_t>(bytes[index])}; };
  return {byte(0) | byte(1) << 8 | byte(2) << 16, static_cast<uint8_t>(byte(3))};
}

template <typename String>
void append_packet_header(String& out, PacketHeader header) {
  const char bytes[kPacketHeaderBytes] = {static_cast<char>(header.length), static_cast<char>(header.length >> 8),
                                          static_cast<char>(header.length >> 16), static_cast<char>(header.sequence)};
  out.append(bytes, kPacketHeaderBytes);
}

// A whole message as packets, chained where it is too long for one. Returns the sequence number that follows.
template <typename String>
uint8_t append_message(String& out, std::string_view payload, uint8_t sequence) {
  while (true) {
    const std::string_view part = payload.substr(0, kPacketBytesMax);
    append_packet_header(out, {static_cast<uint32_t>(part.size()), sequence++});
    out.append(part.data(), part.size());
    payload.remove_prefix(part.size());
    if (part.size() < kPacketBytesMax) return sequence;
  }
}

inline std::string encode_message(std::string_view payload, uint8_t sequence) {
  std::string out;
  append_message(out, payload, sequence);
  return out;
}

}  // namespace schemaguard::parser::mysql
