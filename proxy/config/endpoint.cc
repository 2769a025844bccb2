#include <algorithm>
#include <optional>

#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;

std::optional<uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  return value <= 65535 ? std::optional(static_cast<uint16_t>(value)) : std::nullopt;
}

absl::Status bad(std::string_view text, std::string_view what) {
  // Somebody may have written a whole connection string here: its password is not for error texts.
  const bool may_hold_a_login = text.find('@') != std::string_view::npos;
  return absl::InvalidArgumentError(concatenate({may_hold_a_login ? "a value with a login in it" : text, ": ", what,
                                                 "; accepted: HOST:PORT, [IPV6]:PORT or /path/of/a/unix/socket"}));
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '.' ||
         byte == '-' || byte == '_' || byte == ':' || byte == '%';
}

}  // namespace

std::string Endpoint::display() const {
  const bool brackets = !is_unix() && host.find(':') != std::string::npos;
  if (is_unix() && port == 0) return host;
  return concatenate({brackets ? "[" : "", host, brackets ? "]:" : ":", std::to_string(port)});
}

absl::StatusOr<Endpoint> parse_endpoint(std::string_view text, uint16_t default_port) {
  Endpoint endpoint{.host = "", .port = default_port};
  if (text.empty()) return bad("\"\"", "nothing is written");
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  const size_t colon = text.rfind(':');
  if (text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return bad(text, "the closing ] is missing");
    host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (!rest.empty() && rest.front() != ':') return bad(text, "only :PORT may follow the ]");
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else if (text.front() == '/') {
    // A colon is legal in a file name: only digits at the very end are a port.
    has_port = colon != std::string_view::npos && parse_port(text.substr(colon + 1)).has_value();
    if (has_port) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
    }
  } else if (colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (has_port) {
    const std::optional<uint16_t> number = parse_port(port);
    if (!number) return bad(text, "the port must be a number from 0 to 65535");
    endpoint.port = *number;
  }
  if (host.empty()) return bad(text, "the host is missing");
  if (host == "*") host = "0.0.0.0";
  if (host.front() != '/') {
    if (!std::all_of(host.begin(), host.end(), is_host_byte)) return bad(text, "this is no host name or address");
    if (!has_port && default_port == 0) return bad(text, "the port is missing");
  }
  endpoint.host = std::string(host);
  return endpoint;
}

absl::StatusOr<Endpoint> parse_mysql_endpoint(std::string_view text) {
  constexpr uint16_t kMysqlPort = 3306;
  if (!text.starts_with('/')) return parse_endpoint(text, kMysqlPort);
  absl::StatusOr<Endpoint> endpoint = parse_endpoint(text, 0);
  if (endpoint.ok() && endpoint->port != 0) return bad(text, "the path of a Unix socket has no port on MySQL");
  return endpoint;
}

const ServerConfig::Database& ServerConfig::database(std::string_view database_name) const {
  for (const Database& entry : databases) {
    const bool same = is_mysql() ? policies::glob_matches_ignoring_case(entry.name, database_name)
                                 : policies::glob_matches(entry.name, database_name);
    if (same) return entry;
  }
  return databases.back();  // load_config() always adds "*" at the end
}

}  // namespace schemaguard::proxy
