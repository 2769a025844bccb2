// MySQL door: trust_probe.h for MySQL and MariaDB.
//
// Begins a login as the guard would (same address, same TLS) with an empty password and follows the server's questions
// with empty answers: OK means an account without a password, an anonymous account, or a plugin that takes the guard's
// own process for proof (unix_socket). It never sends a password and never runs a statement. Blocking, with one
// deadline for all of it; never throws. Sources: mysql-wire 10, 19, 25, 26, 31.
#pragma once

#include <chrono>
#include <string>

#include "proxy/introspect/trust_probe.h"

namespace schemaguard::proxy::introspect {

DoorProbe probe_mysql_door(const Endpoint& address, const ServerConfig& server, const std::string& user,
                           std::chrono::milliseconds timeout);

}  // namespace schemaguard::proxy::introspect
