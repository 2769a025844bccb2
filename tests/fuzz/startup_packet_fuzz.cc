// Any bytes as a startup packet and as its options: never a crash, and what is decoded encodes to the same packet.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/postgres/protocol_format.h"
#include "parser/postgres/startup_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace schemaguard::parser::postgres;
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  split_startup_options(body);
  const auto packet = decode_startup_packet(body);
  if (!packet.ok() || packet->kind != StartupKind::kStartup || packet->major != 3) return 0;
  const std::string again = encode_startup_message(protocol_version(3, packet->minor), packet->parameters);
  if (std::string_view(again).substr(4) != body) std::abort();
  return 0;
}
