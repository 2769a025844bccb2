// Run flags: the command line of `schemaguard run` without a configuration file, as a Config.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {

struct RunFlags {
  std::string engine = "postgresql";
  std::vector<std::string> listen;
  std::vector<std::string> migration_listen;
  std::vector<std::string> upstream;
  std::string mode;                    // empty: observe, and a warning says so first
  std::vector<std::string> migrators;  // login names
  std::string audit;
  std::string admin;
  std::optional<unsigned> workers;
};

// Errors name the flag and what is accepted. The one server is called "default".
absl::StatusOr<std::shared_ptr<const Config>> config_from_flags(const RunFlags& flags);

}  // namespace schemaguard::proxy
