#include "proxy/introspect/guard_login_probe.h"

#include "policies/rules/concatenate.h"
#include "proxy/introspect/mysql_guard_login.h"
#include "proxy/introspect/side_connection.h"

namespace schemaguard::proxy::introspect {
namespace {

GuardLoginProbe probe_address(const ServerConfig& server, const Endpoint& address, std::chrono::milliseconds timeout) {
  GuardLoginProbe probe{.address = address.display(), .connected = false, .detail = ""};
  auto connection = SideConnection::open(
      server, {.address = address, .database = {}, .application = "schemaguard check-config"}, timeout, nullptr);
  if (!connection.ok()) {
    probe.detail = std::string(connection.status().message());
    return probe;
  }
  const auto rows = connection->query(
      "SELECT pg_catalog.current_setting('server_version'), CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby' "
      "ELSE 'primary' END");
  if (!rows.ok() || rows->size() != 1 || rows->front().size() != 2) {
    probe.detail =
        rows.ok() ? std::string("the server's answer is not understood") : std::string(rows.status().message());
    return probe;
  }
  probe.connected = true;
  const SideConnection::Row& row = rows->front();
  probe.detail = policies::concatenate({"PostgreSQL ", row[0].value_or(""), ", ", row[1].value_or("")});
  return probe;
}

}  // namespace

std::vector<GuardLoginProbe> probe_guard_login(const ServerConfig& server, std::chrono::milliseconds timeout) {
  std::vector<GuardLoginProbe> probes;
  if (!server.guard_login) return probes;
  for (const Endpoint& address : server.upstream.addresses) {
    probes.push_back(server.is_mysql() ? probe_mysql_guard_login(server, address, timeout)
                                       : probe_address(server, address, timeout));
  }
  return probes;
}

}  // namespace schemaguard::proxy::introspect
