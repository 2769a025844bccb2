#include "proxy/introspect/mysql_guard_login.h"

#include <string>

#include "policies/rules/concatenate.h"
#include "proxy/introspect/mysql_side_connection.h"

namespace schemaguard::proxy::introspect {
namespace {

using policies::concatenate;

constexpr size_t kAccountsMax = 100;

// The server compares its patterns itself. Host patterns with a netmask are left out: LIKE does not know them. An
// account that also exists for a host that fits is of use.
constexpr std::string_view kUnreachableAccounts =
    "SELECT u.User, u.Host FROM mysql.user u WHERE u.Host <> '' AND u.Host NOT LIKE '%/%'"
    " AND u.User NOT LIKE 'mysql.%' AND u.User <> 'mariadb.sys'"
    " AND NOT EXISTS (SELECT 1 FROM mysql.user o WHERE o.User = u.User"
    " AND (SUBSTRING_INDEX(USER(), '@', -1) LIKE o.Host OR o.Host LIKE '%/%'))"
    " ORDER BY u.User, u.Host LIMIT 101";

void look_at_accounts(MysqlSideConnection& connection, GuardLoginProbe& probe) {
  const auto accounts = connection.query(kUnreachableAccounts);
  if (!accounts.ok()) {
    probe.detail += "; this login may not read mysql.user, so that accounts bound to other hosts are not listed";
    return;
  }
  for (const MysqlSideConnection::Row& account : *accounts) {
    if (probe.unreachable_accounts.size() == kAccountsMax) {
      probe.unreachable_accounts.emplace_back("and more");
      return;
    }
    probe.unreachable_accounts.push_back(
        concatenate({"'", account[0].value_or(""), "'@'", account[1].value_or(""), "'"}));
  }
}

void log_in(const ServerConfig& server, const Endpoint& address, std::chrono::milliseconds timeout,
            GuardLoginProbe& probe) {
  auto connection = MysqlSideConnection::open(server, address, timeout, nullptr);
  if (!connection.ok()) {
    probe.detail = std::string(connection.status().message());
    return;
  }
  probe.connected = true;
  const auto about =
      connection->query("SELECT VERSION(), CONCAT(IF(@@read_only, 'read-only', 'writable'), ', seen as ', USER())");
  if (!about.ok() || about->size() != 1) {
    probe.detail = "connected, but the server's answer is not understood";
    return;
  }
  const std::string version = about->front()[0].value_or("");
  const bool mariadb = version.find("MariaDB") != std::string::npos;
  probe.detail = concatenate({mariadb ? "" : "MySQL ", version, ", ", about->front()[1].value_or("")});
  look_at_accounts(*connection, probe);
}

}  // namespace

GuardLoginProbe probe_mysql_guard_login(const ServerConfig& server, const Endpoint& address,
                                        std::chrono::milliseconds timeout) {
  GuardLoginProbe probe{.address = address.display(), .connected = false, .detail = {}};
  log_in(server, address, timeout, probe);
  return probe;
}

}  // namespace schemaguard::proxy::introspect
