// ClientOrigin: how a connection reached the guard. A value, fixed for the session's life.
#pragma once

#include <cstdint>
#include <string>

namespace schemaguard::proxy {

struct ClientOrigin {
  std::string address;  // "10.0.0.7"; empty for a Unix socket
  uint16_t port = 0;
  bool migration_listener = false;
  std::string listener;  // display form of the listening endpoint; part of the cancel key's identity
};

// As the audit and people read it: "10.0.0.7:50312", "[::1]:50312", "local" for a Unix socket.
std::string display(const ClientOrigin& origin);

}  // namespace schemaguard::proxy
