// The server's first packet: handshake version 10, or the ERR that is sent instead of it.
//
// Views in the result point into the body. Protocol 9 and everything else is no greeting. The body is consumed exactly,
// except that older servers leave the NUL behind the plugin's name away. Sources: mysql-wire 10, 11, 23, 24, 31.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

struct Greeting {
  std::string_view server_version;  // as sent: "5.5.5-10.11.19-MariaDB", "8.4.3"
  uint32_t connection_id = 0;
  Capabilities capabilities;  // `mariadb` only from a server that leaves kClientMySql clear
  uint8_t charset = 0;
  uint16_t status = 0;
  std::string_view nonce_start;  // 8 bytes
  std::string_view nonce_rest;   // 12 bytes or more, without the NUL at the end; empty without secure connection
  std::string_view plugin;       // "" without CLIENT_PLUGIN_AUTH
  // The server calls itself a MariaDB: by the clear bit or by the name in its version.
  [[nodiscard]] bool is_mariadb() const;
  // The version with MariaDB's replication prefix taken off.
  [[nodiscard]] std::string_view plain_version() const;
};
std::optional<Greeting> decode_greeting(std::string_view body);

// The flags that say which fields a greeting has, and what its reserved bytes mean: never masked.
inline constexpr uint32_t kClientShapeOfGreeting =
    kClientMySql | kClientProtocol41 | kClientSecureConnection | kClientPluginAuth;

// The same bytes, except that only the capabilities in `keep` and `keep_mariadb` are left (and the shape), and
// CLIENT_SSL stands as `offer_tls` says. std::nullopt when the body is no greeting.
std::optional<std::string> masked_greeting(std::string_view body, uint32_t keep, uint32_t keep_mariadb, bool offer_tls);

}  // namespace schemaguard::parser::mysql
