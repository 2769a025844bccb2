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
};

// Without a file: the built-in policy alone. Without SERVER the configuration must hold one server only.
absl::StatusOr<NamedDatabase> find_database(const std::string& config_file, const std::string& server_and_name);

}  // namespace schemaguard::proxy
