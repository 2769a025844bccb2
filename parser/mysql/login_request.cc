#include "parser/mysql/login_request.h"

#include "parser/mysql/body_reader.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kFillerBytes = 19;  // in front of MariaDB's capabilities
constexpr size_t kMariaDbCapabilitiesAt = 28;

std::string_view read_auth_response(BodyReader& reader, Capabilities capabilities, bool may_be_long) {
  if (may_be_long && capabilities.has(kClientPluginAuthLenencData)) return reader.length_encoded_string();
  if (capabilities.has(kClientSecureConnection)) return reader.bytes(reader.uint1());
  return reader.terminated_string();
}

// The last string of a packet may lack its NUL, as the servers tolerate.
std::string_view read_last_string(BodyReader& reader, std::string_view body) {
  const std::string_view tail = body.substr(body.size() - reader.remaining());
  return tail.find('\0') == std::string_view::npos ? reader.rest() : reader.terminated_string();
}

bool read_attributes(BodyReader& reader, ConnectAttributes& attributes) {
  BodyReader block(reader.length_encoded_string());
  while (reader.ok() && block.ok() && block.remaining() > 0) {
    const std::string_view name = block.length_encoded_string();
    const std::string_view value = block.length_encoded_string();
    if (!block.ok() || attributes.size() == kConnectAttributesMax) return false;
    attributes.emplace_back(name, value);
  }
  return reader.ok() && block.finished();
}

}  // namespace

std::optional<LoginRequest> decode_login_request(std::string_view body) {
  BodyReader reader(body);
  LoginRequest request;
  request.capabilities.base = reader.uint4();
  request.packet_bytes_max = reader.uint4();
  request.charset = reader.uint1();
  reader.skip(kFillerBytes);
  const uint32_t extended = reader.uint4();
  if (!reader.ok() || !request.capabilities.has(kClientProtocol41)) return std::nullopt;
  if (!request.capabilities.has(kClientMySql)) request.capabilities.mariadb = extended;
  if (reader.remaining() == 0) {
    request.is_ssl_request = request.capabilities.has(kClientSsl);
    return request.is_ssl_request ? std::optional(std::move(request)) : std::nullopt;
  }
  request.user = reader.terminated_string();
  request.auth_response = read_auth_response(reader, request.capabilities, true);
  if (request.capabilities.has(kClientConnectWithDb)) request.database = reader.terminated_string();
  if (!reader.ok()) return std::nullopt;
  if (request.capabilities.has(kClientPluginAuth)) request.plugin = read_last_string(reader, body);
  if (request.capabilities.has(kClientConnectAttrs)) {
    request.tail_read = read_attributes(reader, request.attributes);
  }
  if (request.capabilities.has(kClientZstdCompression)) request.zstd_level = reader.uint1();
  request.tail_read = request.tail_read && reader.finished();
  return request;
}

std::optional<std::string> masked_login_request(std::string_view body, uint32_t keep, uint32_t keep_mariadb,
                                                uint32_t set) {
  const std::optional<LoginRequest> request = decode_login_request(body);
  if (!request.has_value()) return std::nullopt;
  const uint32_t shape = request->capabilities.base & kClientShapeOfLogin;
  std::string masked(body);
  const uint32_t base = (request->capabilities.base & keep) | (set & ~kClientShapeOfLogin) | shape;
  BodyWriter::put_uint4(masked, 0, base);
  if (!request->capabilities.has(kClientMySql)) {
    BodyWriter::put_uint4(masked, kMariaDbCapabilitiesAt, request->capabilities.mariadb & keep_mariadb);
  }
  return masked;
}

std::string ssl_request(std::string_view login_body) {
  return std::string(login_body.substr(0, kLoginRequestBytesMin));
}

std::optional<ChangeUserRequest> decode_change_user(std::string_view body, Capabilities capabilities) {
  BodyReader reader(body);
  ChangeUserRequest request;
  request.user = reader.terminated_string();
  request.auth_response = read_auth_response(reader, capabilities, false);
  request.database = reader.terminated_string();
  if (!reader.ok()) return std::nullopt;
  if (reader.remaining() < 2) {
    request.tail_read = reader.remaining() == 0;
    return request;
  }
  request.charset = reader.uint2();
  if (capabilities.has(kClientPluginAuth)) request.plugin = read_last_string(reader, body);
  if (capabilities.has(kClientConnectAttrs) && reader.remaining() > 0) {
    request.tail_read = read_attributes(reader, request.attributes);
  }
  request.tail_read = request.tail_read && reader.finished();
  return request;
}

}  // namespace schemaguard::parser::mysql
