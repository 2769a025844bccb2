#include "parser/postgres/backend_messages.h"

#include "parser/postgres/message_body.h"

namespace schemaguard::parser::postgres {
namespace {

void put_field(std::string& body, char code, std::string_view value) {
  if (value.empty()) return;
  body.push_back(code);
  MessageBuilder::put_cstring(body, value);
}

}  // namespace

std::string_view ErrorFields::get(char code) const {
  for (const auto& [field, value] : fields) {
    if (field == code) return value;
  }
  return {};
}

bool ErrorFields::is_fatal() const {
  const std::string_view unlocalised = get('V');
  const std::string_view severity = unlocalised.empty() ? get('S') : unlocalised;
  return severity == "FATAL" || severity == "PANIC";
}

std::optional<ErrorFields> decode_error_fields(std::string_view body) {
  MessageBody reader(body);
  ErrorFields error;
  while (true) {
    const char code = static_cast<char>(reader.read_uint8());
    if (!reader.ok()) return std::nullopt;
    if (code == '\0') break;
    error.fields.emplace_back(code, reader.read_cstring());
    if (!reader.ok()) return std::nullopt;
  }
  if (!reader.complete()) return std::nullopt;
  return error;
}

ErrorFields decode_error_prefix(std::string_view prefix) {
  MessageBody reader(prefix);
  ErrorFields error;
  while (true) {
    const char code = static_cast<char>(reader.read_uint8());
    const std::string_view value = code == '\0' ? std::string_view() : reader.read_cstring();
    if (code == '\0' || !reader.ok()) return error;
    error.fields.emplace_back(code, value);
  }
}

std::optional<Authentication> decode_authentication(std::string_view body) {
  MessageBody reader(body);
  Authentication authentication;
  authentication.kind = static_cast<AuthenticationKind>(reader.read_uint32());
  if (!reader.ok()) return std::nullopt;
  switch (authentication.kind) {
    case AuthenticationKind::kOk:
    case AuthenticationKind::kKerberosV5:
    case AuthenticationKind::kCleartextPassword:
    case AuthenticationKind::kGss:
    case AuthenticationKind::kSspi:
      break;
    case AuthenticationKind::kMd5Password:
      reader.read_bytes(4);
      break;
    case AuthenticationKind::kScmCredential:
      reader.read_rest();
      break;
    case AuthenticationKind::kSasl:
      while (true) {
        const std::string_view mechanism = reader.read_cstring();
        if (!reader.ok() || mechanism.empty()) break;
        authentication.mechanisms.push_back(mechanism);
      }
      break;
    case AuthenticationKind::kGssContinue:
    case AuthenticationKind::kSaslContinue:
    case AuthenticationKind::kSaslFinal:
      reader.read_rest();
      break;
    default:  // a code this guard does not know: not relayed
      return std::nullopt;
  }
  if (!reader.complete()) return std::nullopt;
  return authentication;
}

std::optional<char> decode_ready_for_query(std::string_view body) {
  if (body.size() != 1) return std::nullopt;
  if (body[0] != 'I' && body[0] != 'T' && body[0] != 'E') return std::nullopt;
  return body[0];
}

std::optional<ParameterStatus> decode_parameter_status(std::string_view body) {
  MessageBody reader(body);
  ParameterStatus status;
  status.name = reader.read_cstring();
  status.value = reader.read_cstring();
  if (!reader.complete()) return std::nullopt;
  return status;
}

std::optional<BackendKeyData> decode_backend_key_data(std::string_view body) {
  MessageBody reader(body);
  BackendKeyData key;
  key.process_id = reader.read_uint32();
  key.secret = reader.read_rest();
  if (!reader.ok() || key.secret.size() < 4 || key.secret.size() > kCancelSecretBytesMax) return std::nullopt;
  return key;
}

std::optional<std::string_view> decode_command_complete(std::string_view body) {
  MessageBody reader(body);
  const std::string_view tag = reader.read_cstring();
  if (!reader.complete()) return std::nullopt;
  return tag;
}

std::optional<NegotiateProtocolVersion> decode_negotiate_protocol_version(std::string_view body) {
  MessageBody reader(body);
  NegotiateProtocolVersion negotiation;
  // PostgreSQL writes the full version number, the documentation says minor version: both end in the minor.
  negotiation.newest_minor = reader.read_uint32() & 0xffff;
  const uint32_t count = reader.read_uint32();
  if (!reader.ok() || count > reader.remaining()) return std::nullopt;
  for (uint32_t i = 0; i < count; ++i) negotiation.unknown_options.push_back(reader.read_cstring());
  if (!reader.complete()) return std::nullopt;
  return negotiation;
}

std::string encode_error(const GuardError& error) {
  std::string body;
  put_field(body, 'S', error.severity_localised.empty() ? error.severity : error.severity_localised);
  put_field(body, 'V', error.severity);
  put_field(body, 'C', error.sqlstate);
  put_field(body, 'M', error.message);
  put_field(body, 'D', error.detail);
  put_field(body, 'H', error.hint);
  body.push_back('\0');
  return MessageBuilder::message(backend::kErrorResponse, body);
}

std::string encode_warning_notice(std::string_view text, std::string_view detail, std::string_view hint) {
  std::string body;
  put_field(body, 'S', "WARNING");
  put_field(body, 'V', "WARNING");
  put_field(body, 'C', "01000");
  put_field(body, 'M', text);
  put_field(body, 'D', detail);
  put_field(body, 'H', hint);
  body.push_back('\0');
  return MessageBuilder::message(backend::kNoticeResponse, body);
}

std::string encode_sasl_mechanisms(const std::vector<std::string_view>& mechanisms) {
  std::string body;
  MessageBuilder::put_uint32(body, static_cast<uint32_t>(AuthenticationKind::kSasl));
  for (const std::string_view mechanism : mechanisms) MessageBuilder::put_cstring(body, mechanism);
  body.push_back('\0');
  return MessageBuilder::message(backend::kAuthentication, body);
}

std::string encode_backend_key_data(uint32_t process_id, std::string_view secret) {
  std::string body;
  MessageBuilder::put_uint32(body, process_id);
  body.append(secret);
  return MessageBuilder::message(backend::kBackendKeyData, body);
}

std::string encode_negotiate_protocol_version(uint32_t newest_minor, const std::vector<std::string>& unknown_options) {
  std::string body;
  MessageBuilder::put_uint32(body, protocol_version(3, newest_minor));
  MessageBuilder::put_uint32(body, static_cast<uint32_t>(unknown_options.size()));
  for (const std::string& option : unknown_options) MessageBuilder::put_cstring(body, option);
  return MessageBuilder::message(backend::kNegotiateProtocolVersion, body);
}

}  // namespace schemaguard::parser::postgres
