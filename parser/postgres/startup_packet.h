// The packets that may open a connection: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest (G1, G5).
//
// Decoders take the packet without its length word and consume it exactly. Views in the result are copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace schemaguard::parser::postgres {

enum class StartupKind : uint8_t { kStartup, kSslRequest, kGssEncRequest, kCancelRequest };

struct StartupPacket {
  StartupKind kind = StartupKind::kStartup;
  uint32_t major = 0;
  uint32_t minor = 0;
  // As sent, order kept, duplicates kept.
  std::vector<std::pair<std::string, std::string>> parameters;
  uint32_t cancel_process_id = 0;
  std::string cancel_secret;
};

// `body`: everything behind the four length bytes. The error's message is what the server would say.
absl::StatusOr<StartupPacket> decode_startup_packet(std::string_view body);
// A whole StartupMessage, length word included.
std::string encode_startup_message(uint32_t version,
                                   const std::vector<std::pair<std::string, std::string>>& parameters);
std::string encode_ssl_request();
std::string encode_cancel_request(uint32_t process_id, std::string_view secret);

// Settings inside the `options` parameter, split as pg_split_opts() and process_postgres_switches() do: "-c
// name=value",
// "-cname=value", "--name=value" (dashes in the name become underscores). `complete` is false when anything else
// stands there: then the text means something this function does not know.
struct StartupOptions {
  std::vector<std::pair<std::string, std::string>> settings;  // names in lower case
  bool complete = true;
};
StartupOptions split_startup_options(std::string_view options);

}  // namespace schemaguard::parser::postgres
