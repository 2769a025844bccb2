#include "proxy/guard/snapshot.h"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/str_cat.h"
#include "parser/words.h"

namespace schemaguard::proxy {
namespace {

namespace ip = boost::asio::ip;

bool contains(const ip::network_v4& network, const ip::address_v4& address) {
  return ip::network_v4(address, network.prefix_length()).network() == network.network();
}

bool contains(const ip::network_v6& network, const ip::address_v6& address) {
  return ip::network_v6(address, network.prefix_length()).network() == network.network();
}

absl::Status add_network(ServerRuntime& runtime, const std::string& text) {
  boost::system::error_code error;
  const ip::network_v4 four = ip::make_network_v4(text, error);
  if (!error) {
    runtime.proxy_networks_v4.push_back(four);
    return absl::OkStatus();
  }
  const ip::network_v6 six = ip::make_network_v6(text, error);
  if (!error) {
    runtime.proxy_networks_v6.push_back(six);
    return absl::OkStatus();
  }
  const ip::address single = ip::make_address(text, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("server ", runtime.server->name, ": proxy_protocol.accept_from: \"",
                                                   text, "\" is not a network like 10.0.0.0/28 or 2001:db8::/64"));
  }
  if (single.is_v4()) {
    runtime.proxy_networks_v4.emplace_back(single.to_v4(), static_cast<unsigned short>(32));
  } else {
    runtime.proxy_networks_v6.emplace_back(single.to_v6(), static_cast<unsigned short>(128));
  }
  return absl::OkStatus();
}

}  // namespace

bool ServerRuntime::expects_proxy_header(std::string_view address) const {
  if (proxy_networks_v4.empty() && proxy_networks_v6.empty()) return false;
  boost::system::error_code error;
  const ip::address parsed = ip::make_address(address, error);
  if (error) return false;
  if (parsed.is_v4()) {
    return std::any_of(proxy_networks_v4.begin(), proxy_networks_v4.end(),
                       [&parsed](const ip::network_v4& network) { return contains(network, parsed.to_v4()); });
  }
  return std::any_of(proxy_networks_v6.begin(), proxy_networks_v6.end(),
                     [&parsed](const ip::network_v6& network) { return contains(network, parsed.to_v6()); });
}

const ServerRuntime* Snapshot::find_server(std::string_view name) const {
  for (const auto& runtime : servers) {
    if (runtime->server->name == name) return runtime.get();
  }
  return nullptr;
}

GuardView Snapshot::view(const ServerConfig& server, std::string_view database) const {
  const ServerConfig::Database& configured = server.database(database);
  GuardView view{.policy = configured.policy,
                 .mode = configured.mode,
                 .audit_blocks = false,
                 .audit_enabled = !config->audit.file.empty()};
  // An override for the database itself goes before one for the whole server; of equals the later one holds.
  const ModeOverride* chosen = nullptr;
  for (const ModeOverride& candidate : overrides) {
    if (candidate.server != server.name) continue;
    // MySQL: without case, like the names under `databases:`.
    const bool same =
        server.is_mysql() ? parser::equals_ignoring_case(candidate.database, database) : candidate.database == database;
    if (same || (candidate.database == "*" && (chosen == nullptr || chosen->database == "*"))) {
      chosen = &candidate;
    }
  }
  if (chosen != nullptr) view.mode = chosen->mode;
  view.audit_blocks = view.mode == policies::Mode::kEnforce && view.audit_enabled && config->audit.block_on_failure;
  return view;
}

absl::StatusOr<std::vector<std::shared_ptr<const ServerRuntime>>> build_servers(std::shared_ptr<const Config> config) {
  std::vector<std::shared_ptr<const ServerRuntime>> servers;
  for (const ServerConfig& server : config->servers) {
    auto runtime = std::make_shared<ServerRuntime>();
    runtime->config = config;
    runtime->server = &server;
    auto client_side = make_client_side_context(server);
    if (!client_side.ok()) return client_side.status();
    runtime->client_side_tls = *std::move(client_side);
    auto upstream = make_upstream_context(server);
    if (!upstream.ok()) return upstream.status();
    runtime->upstream_tls = *std::move(upstream);
    for (const std::string& network : server.proxy_protocol.accept_from) {
      if (absl::Status status = add_network(*runtime, network); !status.ok()) return status;
    }
    servers.push_back(std::move(runtime));
  }
  return servers;
}

}  // namespace schemaguard::proxy
