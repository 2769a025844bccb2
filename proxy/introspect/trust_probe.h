// Trust probe: does the database let anybody in who comes from this guard's address? (PostgreSQL here, MySQL and
// MariaDB in mysql_door.cc.)
//
// Behind a proxy every client comes from the proxy's address. A line like `host all all 10.0.0.4/32 trust` in
// pg_hba.conf, `peer` on a Unix socket, or `cert` with the guard's own certificate then opens the database to everyone
// who reaches the guard. The probe begins a login as the guard would (same address, same TLS), without a password,
// and looks at the server's first answer: AuthenticationOk before any question means that the door is open. It never
// sends a password, never goes on after the first answer, and never runs a statement.
//
// Blocking, with a deadline for each door; call it on a thread that may wait. Never throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.h"

namespace schemaguard::proxy::introspect {

enum class DoorState : uint8_t {
  kAsksForProof,  // a password, SCRAM, or something else that the client must prove: good
  kOpen,          // let in without proof
  kRefused,       // the server said no (no pg_hba.conf line for this address, too many connections, …)
  kUnreachable,   // no connection, no TLS, or no sensible answer in time
};
std::string_view door_state_name(DoorState state);

struct DoorProbe {
  std::string address;  // Endpoint::display()
  std::string user;
  std::string database;  // "" on MySQL: a login needs none
  DoorState state = DoorState::kUnreachable;
  std::string detail;  // the server's words or the cause
};

// One attempt to log in as `user` without a password, on the server's engine. Where the guard sends PROXY headers, this
// connection says that it is the guard's own.
DoorProbe probe_door(const Endpoint& address, const ServerConfig& server, const std::string& user,
                     const std::string& database, std::chrono::milliseconds timeout);

// Every upstream address with a made-up user, the guard's own login, and every migrator that is named in full, for
// the databases that are named in full. At most kDoorsMax attempts an address.
inline constexpr size_t kDoorsMax = 32;
std::vector<DoorProbe> probe_doors(const ServerConfig& server, std::chrono::milliseconds timeout);

// The warning about every open door of `probes`, one line each; empty when there is none.
std::vector<std::string> open_door_warnings(const std::vector<DoorProbe>& probes);

}  // namespace schemaguard::proxy::introspect
