// What a client sends to log in: SSLRequest, HandshakeResponse41, and COM_CHANGE_USER inside a session.
//
// Views point into the body. What says who logs in and where (user, authentication answer, database) is decoded
// strictly; what stands behind it (plugin name, connection attributes, compression level) is only a wish that the
// server answers itself, and clients differ in it, so an odd tail sets `tail_read` to false and is no failure. Every
// length is checked against the body (mysql-wire 20). The login packet of before 4.1 is refused (evasion M26). Sources:
// mysql-wire 11, 19, 20, 23, 30; evasion M13, M27.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

inline constexpr size_t kConnectAttributesMax = 256;
inline constexpr size_t kLoginRequestBytesMin = 32;  // an SSLRequest is this and nothing more

using ConnectAttributes = std::vector<std::pair<std::string_view, std::string_view>>;

struct LoginRequest {
  // Only the first 32 bytes came: the client wants TLS and will send the whole packet again inside it.
  bool is_ssl_request = false;
  Capabilities capabilities;  // as the client sent them, not yet limited to what the server offers
  uint32_t packet_bytes_max = 0;
  uint8_t charset = 0;
  std::string_view user;
  std::string_view auth_response;
  std::string_view database;  // "" without CLIENT_CONNECT_WITH_DB
  std::string_view plugin;
  ConnectAttributes attributes;
  uint8_t zstd_level = 0;
  bool tail_read = true;
};
std::optional<LoginRequest> decode_login_request(std::string_view body);

// The same bytes with other capability bits: what is neither in `keep` nor in `set` is cleared, `set` is added.
// std::nullopt when the body is no login request. `keep` and `set` must agree with the body's shape: kClientMySql and
// the bits that say which fields follow (kClientShapeOfLogin) stay as the client sent them.
std::optional<std::string> masked_login_request(std::string_view body, uint32_t keep, uint32_t keep_mariadb,
                                                uint32_t set);
inline constexpr uint32_t kClientShapeOfLogin = kClientMySql | kClientProtocol41 | kClientConnectWithDb |
                                                kClientSecureConnection | kClientPluginAuth | kClientConnectAttrs |
                                                kClientPluginAuthLenencData;

// The body of an SSLRequest that announces what `login_body` will say; both must agree (mysql-wire 19). `login_body` is
// a login request that decodes; its capabilities should hold kClientSsl.
std::string ssl_request(std::string_view login_body);

struct ChangeUserRequest {
  std::string_view user;
  std::string_view auth_response;
  std::string_view database;
  std::optional<uint16_t> charset;  // absent: the server takes its default
  std::string_view plugin;
  ConnectAttributes attributes;
  bool tail_read = true;
};
// `body` without the command byte; `capabilities` are the ones in force.
std::optional<ChangeUserRequest> decode_change_user(std::string_view body, Capabilities capabilities);

}  // namespace schemaguard::parser::mysql
