// Snapshot: everything a reload swaps at once, immutable and shared by all threads.
//
// It holds the configuration, per server what is built from it (TLS contexts, networks), and the modes that
// `schemaguard mode` has set for a while. Sessions keep the snapshot parts that they started with alive; their policy
// and mode come from the newest one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"
#include "proxy/guard/tls_contexts.h"
#include "proxy/session/session_services.h"

namespace schemaguard::proxy {

// One server of the configuration with what was built for it.
struct ServerRuntime {
  std::shared_ptr<const Config> config;
  const ServerConfig* server = nullptr;  // inside *config
  TlsContext client_side_tls;            // null: TLS is not offered to clients
  TlsContext upstream_tls;               // null: never used
  std::vector<boost::asio::ip::network_v4> proxy_networks_v4;
  std::vector<boost::asio::ip::network_v6> proxy_networks_v6;

  // Whether a connection from `address` must open with a PROXY protocol header.
  [[nodiscard]] bool expects_proxy_header(std::string_view address) const;
};

// A mode that holds instead of the configured one.
struct ModeOverride {
  std::string server;
  std::string database;  // a database's name; "*": every database of the server
  policies::Mode mode = policies::Mode::kObserve;
  std::optional<std::chrono::steady_clock::time_point> until;  // absent: until the process ends
  std::string reason;
};

struct Snapshot {
  uint64_t generation = 0;
  std::shared_ptr<const Config> config;
  std::vector<std::shared_ptr<const ServerRuntime>> servers;
  std::vector<ModeOverride> overrides;

  // Null when no server has this name.
  [[nodiscard]] const ServerRuntime* find_server(std::string_view name) const;
  // What holds now for one database of `server`.
  [[nodiscard]] GuardView view(const ServerConfig& server, std::string_view database) const;
};

// Builds every server of `config`; errors name the server and the file or network at fault.
absl::StatusOr<std::vector<std::shared_ptr<const ServerRuntime>>> build_servers(std::shared_ptr<const Config> config);

}  // namespace schemaguard::proxy
