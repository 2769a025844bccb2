#include "parser/postgres/startup_packet.h"

#include "absl/strings/ascii.h"
#include "parser/postgres/message_body.h"
#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {
namespace {

// Splits like pg_split_opts(): white space separates, a backslash takes the next byte as it is.
std::vector<std::string> split_arguments(std::string_view options) {
  std::vector<std::string> arguments;
  size_t at = 0;
  while (true) {
    while (at < options.size() && absl::ascii_isspace(static_cast<unsigned char>(options[at]))) ++at;
    if (at >= options.size()) return arguments;
    std::string argument;
    bool escaped = false;
    for (; at < options.size(); ++at) {
      const char c = options[at];
      if (absl::ascii_isspace(static_cast<unsigned char>(c)) && !escaped) break;
      if (!escaped && c == '\\') {
        escaped = true;
        continue;
      }
      escaped = false;
      argument.push_back(c);
    }
    arguments.push_back(std::move(argument));
  }
}

}  // namespace

absl::StatusOr<StartupPacket> decode_startup_packet(std::string_view body) {
  MessageBody reader(body);
  const uint32_t code = reader.read_uint32();
  if (!reader.ok()) return absl::InvalidArgumentError("invalid length of startup packet");
  StartupPacket packet;
  if (code == kSslRequestCode || code == kGssEncRequestCode) {
    if (reader.remaining() != 0) return absl::InvalidArgumentError("invalid length of startup packet");
    packet.kind = code == kSslRequestCode ? StartupKind::kSslRequest : StartupKind::kGssEncRequest;
    return packet;
  }
  if (code == kCancelRequestCode) {
    packet.kind = StartupKind::kCancelRequest;
    packet.cancel_process_id = reader.read_uint32();
    packet.cancel_secret = std::string(reader.read_rest());
    if (!reader.ok() || packet.cancel_secret.empty() || packet.cancel_secret.size() > kCancelSecretBytesMax) {
      return absl::InvalidArgumentError("invalid length of cancel request packet");
    }
    return packet;
  }
  packet.major = code >> 16;
  packet.minor = code & 0xffff;
  if (packet.major != 3) return packet;  // the caller names the version; the rest has another shape
  while (true) {
    const std::string_view key = reader.read_cstring();
    if (!reader.ok()) break;
    if (key.empty()) break;
    const std::string_view value = reader.read_cstring();
    if (!reader.ok()) break;
    packet.parameters.emplace_back(std::string(key), std::string(value));
  }
  if (!reader.complete()) {
    return absl::InvalidArgumentError("invalid startup packet layout: expected terminator as last byte");
  }
  return packet;
}

std::string encode_startup_message(uint32_t version,
                                   const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string body;
  MessageBuilder::put_uint32(body, version);
  for (const auto& [key, value] : parameters) {
    MessageBuilder::put_cstring(body, key);
    MessageBuilder::put_cstring(body, value);
  }
  body.push_back('\0');
  std::string packet;
  MessageBuilder::put_uint32(packet, static_cast<uint32_t>(body.size() + 4));
  return packet + body;
}

std::string encode_ssl_request() {
  std::string packet;
  MessageBuilder::put_uint32(packet, 8);
  MessageBuilder::put_uint32(packet, kSslRequestCode);
  return packet;
}

std::string encode_cancel_request(uint32_t process_id, std::string_view secret) {
  std::string packet;
  MessageBuilder::put_uint32(packet, static_cast<uint32_t>(12 + secret.size()));
  MessageBuilder::put_uint32(packet, kCancelRequestCode);
  MessageBuilder::put_uint32(packet, process_id);
  packet.append(secret);
  return packet;
}

StartupOptions split_startup_options(std::string_view options) {
  StartupOptions result;
  const std::vector<std::string> arguments = split_arguments(options);
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view assignment;
    if (arguments[i] == "-c" && i + 1 < arguments.size()) {
      assignment = arguments[++i];
    } else if (arguments[i].size() > 2 && (arguments[i].starts_with("-c") || arguments[i].starts_with("--"))) {
      assignment = std::string_view(arguments[i]).substr(2);
    } else {
      result.complete = false;
      continue;
    }
    const size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
      result.complete = false;
      continue;
    }
    std::string name(assignment.substr(0, equals));
    absl::AsciiStrToLower(&name);
    for (char& c : name) {
      if (c == '-') c = '_';
    }
    result.settings.emplace_back(std::move(name), std::string(assignment.substr(equals + 1)));
  }
  return result;
}

}  // namespace schemaguard::parser::postgres
