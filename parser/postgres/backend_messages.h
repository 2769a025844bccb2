// Decoders and encoders for the messages a server sends (protocol 3.x), as far as the guard looks into them.
//
// The server is a hostile peer too: every length is checked, bodies are consumed exactly, fields of errors may be
// missing (G21). Views point into the body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {

// ErrorResponse and NoticeResponse: fields in the order they came.
struct ErrorFields {
  std::vector<std::pair<char, std::string_view>> fields;
  // The value of one field, "" when it is missing.
  [[nodiscard]] std::string_view get(char code) const;
  // FATAL or PANIC by the unlocalised severity V, by S when V is missing: the connection is closing.
  [[nodiscard]] bool is_fatal() const;
};
std::optional<ErrorFields> decode_error_fields(std::string_view body);
// The fields that are complete in the beginning of a body.
ErrorFields decode_error_prefix(std::string_view prefix);

struct Authentication {
  AuthenticationKind kind = AuthenticationKind::kOk;
  std::vector<std::string_view> mechanisms;  // kSasl
};
std::optional<Authentication> decode_authentication(std::string_view body);

std::optional<char> decode_ready_for_query(std::string_view body);  // 'I', 'T' or 'E'

struct ParameterStatus {
  std::string_view name;
  std::string_view value;
};
std::optional<ParameterStatus> decode_parameter_status(std::string_view body);

struct BackendKeyData {
  uint32_t process_id = 0;
  std::string_view secret;  // 4 to 256 bytes
};
std::optional<BackendKeyData> decode_backend_key_data(std::string_view body);

std::optional<std::string_view> decode_command_complete(std::string_view body);

struct NegotiateProtocolVersion {
  uint32_t newest_minor = 0;
  std::vector<std::string_view> unknown_options;
};
std::optional<NegotiateProtocolVersion> decode_negotiate_protocol_version(std::string_view body);

// What the guard says itself. `severity` is "ERROR" or "FATAL", unlocalised.
struct GuardError {
  std::string_view severity;
  std::string_view severity_localised;  // "" for the same as severity
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail;
  std::string_view hint;
};
std::string encode_error(const GuardError& error);
std::string encode_warning_notice(std::string_view message, std::string_view detail, std::string_view hint);
std::string encode_sasl_mechanisms(const std::vector<std::string_view>& mechanisms);
std::string encode_backend_key_data(uint32_t process_id, std::string_view secret);
std::string encode_negotiate_protocol_version(uint32_t newest_minor, const std::vector<std::string>& unknown_options);

}  // namespace schemaguard::parser::postgres
