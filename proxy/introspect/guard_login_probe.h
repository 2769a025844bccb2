// Guard login probe: can the guard's own side connection log in, and to what?
//
// Connects as the side connection will, with the engine's own client library: same address, TLS and password source,
// with a timeout. The password is read from its file or environment variable, handed to the library and never kept or
// printed. Blocking; never throws.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "proxy/config/config.h"

namespace schemaguard::proxy::introspect {

struct GuardLoginProbe {
  std::string address;
  bool connected = false;
  std::string detail;  // "PostgreSQL 15.4, primary", or the cause
  // MySQL: accounts bound to hosts that the guard is not: behind it, nobody can log in with them.
  std::vector<std::string> unreachable_accounts = {};
};

// One result for each upstream address; empty when no guard_login is configured.
std::vector<GuardLoginProbe> probe_guard_login(const ServerConfig& server, std::chrono::milliseconds timeout);

}  // namespace schemaguard::proxy::introspect
