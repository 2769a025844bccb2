// NamedDatabase: what `--config FILE --database SERVER/NAME` means to a command.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "policies/rules/policy.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {

struct NamedDatabase {
  std::string server;
  std::string name;  // empty when only a server was named
  policies::Mode mode = policies::Mode::kEnforce;
  std::shared_ptr<const policies::Policy> policy;
  Limits limits;
  std::string engine = "postgresql";
  // The file and the server in it; both empty without a file.
  std::shared_ptr<const Config> config;
  const ServerConfig* server_config = nullptr;
};

// Without a file: the built-in policy alone, for `engine`. Without SERVER the configuration must hold one server only.
// An `engine` that is given must be the server's; "" is postgresql without a file.
absl::StatusOr<NamedDatabase> find_database(const std::string& config_file, const std::string& server_and_name,
                                            const std::string& engine);

}  // namespace schemaguard::proxy
