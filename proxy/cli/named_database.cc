#include "proxy/cli/named_database.h"

#include <utility>

#include "policies/rules/concatenate.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;

absl::StatusOr<const ServerConfig*> find_server(const Config& config, const std::string& name) {
  std::string known;
  for (const ServerConfig& server : config.servers) {
    if (server.name == name || (name.empty() && config.servers.size() == 1)) return &server;
    known += concatenate({known.empty() ? "" : ", ", server.name});
  }
  if (name.empty()) {
    return absl::InvalidArgumentError(
        concatenate({"say which server: --database SERVER/NAME; the configuration has ", known}));
  }
  return absl::InvalidArgumentError(concatenate({"no server ", name, " in the configuration; it has ", known}));
}

}  // namespace

absl::StatusOr<NamedDatabase> find_database(const std::string& config_file, const std::string& server_and_name,
                                            const std::string& engine) {
  NamedDatabase found;
  const size_t slash = server_and_name.find('/');
  found.server = server_and_name.substr(0, slash);
  if (slash != std::string::npos) found.name = server_and_name.substr(slash + 1);
  if (config_file.empty()) {
    policies::PolicyOptions options;
    options.server = found.server;
    if (!engine.empty()) found.engine = options.engine = engine;
    auto policy = policies::Policy::build(std::move(options));
    if (!policy.ok()) return policy.status();
    found.policy = *std::move(policy);
    return found;
  }
  auto config = load_config(config_file);
  if (!config.ok()) return config.status();
  const absl::StatusOr<const ServerConfig*> server = find_server(**config, found.server);
  if (!server.ok()) return server.status();
  if (!engine.empty() && engine != (*server)->engine) {
    return absl::InvalidArgumentError(
        concatenate({"--engine ", engine, ", but server ", (*server)->name, " is ", (*server)->engine}));
  }
  const ServerConfig::Database& database =
      found.name.empty() ? (*server)->databases.back() : (*server)->database(found.name);
  found.server = (*server)->name;
  found.mode = database.mode;
  found.policy = database.policy;
  found.limits = (*config)->limits;
  found.engine = (*server)->engine;
  found.server_config = *server;
  found.config = *std::move(config);
  return found;
}

}  // namespace schemaguard::proxy
