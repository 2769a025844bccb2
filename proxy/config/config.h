// Config: everything an operator can say, as one immutable value (design section 4).
//
// load_config() reads the YAML file; errors name file, line, key, the value found and what is accepted. Unknown keys
// are errors. Secrets are named by file or environment variable and never stand in these structs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policies/rules/policy.h"
#include "policies/rules/verdict.h"

namespace schemaguard::proxy {

// "host:port", "[v6]:port" or "/path/to/socket" (PostgreSQL: a directory means /.s.PGSQL.<port> inside it; MySQL: the
// socket itself, without a port).
struct Endpoint {
  std::string host;  // name, address, or absolute path of a Unix socket
  uint16_t port = 0;
  [[nodiscard]] bool is_unix() const { return !host.empty() && host.front() == '/'; }
  [[nodiscard]] std::string display() const;
  bool operator==(const Endpoint&) const = default;
};
absl::StatusOr<Endpoint> parse_endpoint(std::string_view text, uint16_t default_port);
// The same for MySQL and MariaDB, whose default port is 3306.
absl::StatusOr<Endpoint> parse_mysql_endpoint(std::string_view text);

enum class ClientTlsMode : uint8_t { kDisable, kAllow, kRequire };
enum class ServerTlsMode : uint8_t { kDisable, kPrefer, kRequire, kVerifyCa, kVerifyFull };

// Every limit has a name, a unit, a default and one line in the README.
struct Limits {
  size_t message_bytes_max = 64ULL * 1024 * 1024;  // a Query or Parse text held for judging; longer is unread
  size_t parse_bytes_max = 256ULL * 1024;          // one statement handed to the grammar
  size_t statements_max = 100'000;                 // statements of one message
  size_t small_message_bytes_max = 10'000;         // server's PQ_SMALL_MESSAGE_LIMIT
  size_t startup_bytes_max = 10'000;               // server's MAX_STARTUP_PACKET_LENGTH
  size_t authentication_bytes_max = 65'535;        // one message before the login is through
  size_t pending_bytes_max = 256ULL * 1024;        // unsent bytes a leg may hold before the other leg is not read
  size_t pending_requests_max = 100'000;           // pipelined messages without answer
  size_t statements_per_session_max = 100'000;     // prepared statements the map may hold
  size_t prepared_bytes_per_session_max = 16ULL * 1024 * 1024;  // their texts
  size_t held_bytes_max = 512ULL * 1024 * 1024;                 // texts held by all sessions together
  size_t sessions_max = 10'000;
};

struct Timeouts {
  std::chrono::milliseconds handshake{60'000};  // from accept to the end of the login (server's authentication_timeout)
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds drain{30'000};
  std::chrono::milliseconds migration_deadline{3'600'000};  // how much longer for sessions that hold locks
  std::chrono::milliseconds settle{600'000};  // how long the guard tries to learn an unknown outcome from the catalog
  std::chrono::seconds keepalive_idle{60};
  std::chrono::seconds keepalive_interval{10};
  int keepalive_probes = 6;
};

struct ServerConfig {
  std::string name;
  std::string engine = "postgresql";
  std::vector<Endpoint> listen;
  std::vector<Endpoint> migration_listen;
  struct Upstream {
    std::vector<Endpoint> addresses;
    std::string target = "any";  // any | primary
    ServerTlsMode tls = ServerTlsMode::kPrefer;
    std::string ca, certificate, key;
  } upstream;
  struct ClientTls {
    ClientTlsMode mode = ClientTlsMode::kDisable;
    std::string certificate, key, client_ca;
  } tls;
  struct ProxyProtocol {
    std::vector<std::string> accept_from;  // CIDRs; from these a header is required, from others it is refused
    bool send = false;
  } proxy_protocol;
  struct GuardLogin {
    std::string user, password_file, password_env;
    std::string database = "postgres";  // not used on MySQL
  };
  std::optional<GuardLogin> guard_login;
  std::vector<std::string> replication_users;  // who may open replication connections; default: nobody
  std::vector<uint32_t> function_call_oids;    // let through as FunctionCall, besides large objects; default: none
  struct Database {
    std::string name;  // glob
    policies::Mode mode = policies::Mode::kObserve;
    std::shared_ptr<const policies::Policy> policy;
  };
  std::vector<Database> databases;  // first match wins; the last entry is "*" with the server's own settings
  [[nodiscard]] bool is_mysql() const { return engine == "mysql"; }
  // The entry for a database name; never null. On MySQL case does not count: whether it does there is up to the server.
  [[nodiscard]] const Database& database(std::string_view database_name) const;
};

struct Config {
  std::string file;  // empty when built from the command line
  std::vector<ServerConfig> servers;
  struct Audit {
    std::string file;
    bool block_on_failure = true;
  } audit;
  std::optional<Endpoint> admin;
  std::string store_sqlite;
  Limits limits;
  Timeouts timeouts;
  unsigned workers = 1;
  unsigned parse_threads = 1;
  std::vector<std::string> warnings;  // said once at start: TLS on both legs, no audit, …
};

absl::StatusOr<std::shared_ptr<const Config>> load_config(const std::string& file);

}  // namespace schemaguard::proxy
