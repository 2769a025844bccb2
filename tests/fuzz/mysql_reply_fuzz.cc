// Any packets as the reply to any command, under any capabilities: never a crash, never more bytes wanted than a packet
// has, and the same events whether a payload comes whole or byte by byte.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/mysql/reply_reader.h"

namespace {

using namespace schemaguard::parser::mysql;

void demand(bool holds) {
  if (!holds) std::abort();
}

// The announced length may be far more than the bytes that are there: then the packet is handed over only if that many
// bytes are not asked for.
bool check_packet(ReplyReader& whole, ReplyReader& cut, PacketHeader header, std::string_view payload) {
  size_t size = 0;
  while (size < cut.wanted_bytes(header, payload.substr(0, size))) {
    if (++size > payload.size()) return false;
  }
  const ReplyEvent event = whole.on_packet(header, payload);
  demand(cut.on_packet(header, payload.substr(0, size)) == event);
  demand(whole.done() == cut.done() && whole.status() == cut.status() && whole.has_status() == cut.has_status());
  return event != ReplyEvent::kViolation && !whole.done();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (input.size() < 9) return 0;
  const auto shape = static_cast<ReplyShape>(static_cast<uint8_t>(input[0]) % 11);
  Capabilities capabilities;
  for (size_t i = 0; i < 4; ++i) {
    capabilities.base = capabilities.base << 8 | static_cast<uint8_t>(input[1 + i]);
    capabilities.mariadb = capabilities.mariadb << 8 | static_cast<uint8_t>(input[5 + i]);
  }
  ReplyReader whole(shape, capabilities);
  ReplyReader cut(shape, capabilities);
  input.remove_prefix(9);
  while (input.size() >= kPacketHeaderBytes) {
    const PacketHeader header = decode_packet_header(input);
    input.remove_prefix(kPacketHeaderBytes);
    const std::string_view payload = input.substr(0, header.length);
    if (!check_packet(whole, cut, header, payload)) return 0;
    input.remove_prefix(payload.size());
  }
  return 0;
}
