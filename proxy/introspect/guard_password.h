// The password of the guard's own login, from its file or environment variable.
//
// Read anew for each connection, handed to the client library and never kept or printed.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy::introspect {

// "" when neither is configured. Errors name the file or the variable.
absl::StatusOr<std::string> read_guard_password(const ServerConfig::GuardLogin& login);

}  // namespace schemaguard::proxy::introspect
