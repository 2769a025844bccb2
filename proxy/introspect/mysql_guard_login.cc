#include "proxy/introspect/mysql_guard_login.h"

#include <mysql.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "policies/rules/concatenate.h"
#include "proxy/introspect/guard_password.h"

namespace schemaguard::proxy::introspect {
namespace {

using policies::concatenate;

constexpr size_t kAccountsMax = 100;

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Connection = std::unique_ptr<MYSQL, Close>;

void set_flag(MYSQL* connection, mysql_option option, bool value) {
  const my_bool flag = value ? 1 : 0;
  mysql_optionsv(connection, option, &flag);
}

// As the guard's own connections: nothing is weaker than the configuration says.
void set_tls(MYSQL* connection, const ServerConfig::Upstream& upstream) {
  const auto file = [](const std::string& name) { return name.empty() ? nullptr : name.c_str(); };
  switch (upstream.tls) {
    case ServerTlsMode::kDisable:
      return;
    case ServerTlsMode::kPrefer:
    case ServerTlsMode::kRequire:
    case ServerTlsMode::kVerifyCa:
    case ServerTlsMode::kVerifyFull:
      break;
  }
  mysql_ssl_set(connection, file(upstream.key), file(upstream.certificate), file(upstream.ca), nullptr, nullptr);
  set_flag(connection, MYSQL_OPT_SSL_ENFORCE, upstream.tls != ServerTlsMode::kPrefer);
  // The library cannot check the authority without the name, so that verify-ca asks for more here.
  set_flag(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
           upstream.tls == ServerTlsMode::kVerifyCa || upstream.tls == ServerTlsMode::kVerifyFull);
}

// The first two columns of every row; nullopt when the server would not answer.
using Rows = std::vector<std::pair<std::string, std::string>>;
std::optional<Rows> query(MYSQL* connection, std::string_view text) {
  if (mysql_real_query(connection, text.data(), text.size()) != 0) return std::nullopt;
  const std::unique_ptr<MYSQL_RES, Close> result(mysql_store_result(connection));
  if (!result || mysql_num_fields(result.get()) < 2) return std::nullopt;
  Rows rows;
  for (MYSQL_ROW row = mysql_fetch_row(result.get()); row != nullptr; row = mysql_fetch_row(result.get())) {
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    const auto column = [&](size_t index) {
      return row[index] == nullptr ? std::string() : std::string(row[index], lengths[index]);
    };
    rows.emplace_back(column(0), column(1));
  }
  return rows;
}

// The server compares its patterns itself. Host patterns with a netmask are left out: LIKE does not know them. An
// account that also exists for a host that fits is of use.
constexpr std::string_view kUnreachableAccounts =
    "SELECT u.User, u.Host FROM mysql.user u WHERE u.Host <> '' AND u.Host NOT LIKE '%/%'"
    " AND u.User NOT LIKE 'mysql.%' AND u.User <> 'mariadb.sys'"
    " AND NOT EXISTS (SELECT 1 FROM mysql.user o WHERE o.User = u.User"
    " AND (SUBSTRING_INDEX(USER(), '@', -1) LIKE o.Host OR o.Host LIKE '%/%'))"
    " ORDER BY u.User, u.Host LIMIT 101";

void look_at_accounts(MYSQL* connection, GuardLoginProbe& probe) {
  const std::optional<Rows> accounts = query(connection, kUnreachableAccounts);
  if (!accounts) {
    probe.detail += "; this login may not read mysql.user, so that accounts bound to other hosts are not listed";
    return;
  }
  for (const auto& [user, host] : *accounts) {
    if (probe.unreachable_accounts.size() == kAccountsMax) {
      probe.unreachable_accounts.emplace_back("and more");
      return;
    }
    probe.unreachable_accounts.push_back(concatenate({"'", user, "'@'", host, "'"}));
  }
}

void log_in(const ServerConfig& server, const Endpoint& address, std::chrono::milliseconds timeout,
            GuardLoginProbe& probe) {
  const ServerConfig::GuardLogin& login = *server.guard_login;
  const absl::StatusOr<std::string> password = read_guard_password(login);
  if (!password.ok()) {
    probe.detail = std::string(password.status().message());
    return;
  }
  const Connection connection(mysql_init(nullptr));
  if (!connection) {
    probe.detail = "no memory for a connection";
    return;
  }
  const auto seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(timeout).count());
  for (const mysql_option option : {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT}) {
    mysql_optionsv(connection.get(), option, &seconds);
  }
  const unsigned no_local_files = 0;
  mysql_optionsv(connection.get(), MYSQL_OPT_LOCAL_INFILE, &no_local_files);
  mysql_optionsv(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!address.is_unix()) set_tls(connection.get(), server.upstream);
  const char* const host = address.is_unix() ? nullptr : address.host.c_str();
  const char* const socket = address.is_unix() ? address.host.c_str() : nullptr;
  if (mysql_real_connect(connection.get(), host, login.user.c_str(), password->c_str(), nullptr, address.port, socket,
                         0) == nullptr) {
    probe.detail = mysql_error(connection.get());
    return;
  }
  probe.connected = true;
  const std::optional<Rows> about = query(
      connection.get(), "SELECT VERSION(), CONCAT(IF(@@read_only, 'read-only', 'writable'), ', seen as ', USER())");
  if (!about || about->size() != 1) {
    probe.detail = "connected, but the server's answer is not understood";
    return;
  }
  const auto& [version, state] = about->front();
  const bool mariadb = version.find("MariaDB") != std::string::npos;
  probe.detail = concatenate({mariadb ? "" : "MySQL ", version, ", ", state});
  look_at_accounts(connection.get(), probe);
}

}  // namespace

GuardLoginProbe probe_mysql_guard_login(const ServerConfig& server, const Endpoint& address,
                                        std::chrono::milliseconds timeout) {
  GuardLoginProbe probe{.address = address.display(), .connected = false, .detail = {}};
  log_in(server, address, timeout, probe);
  return probe;
}

}  // namespace schemaguard::proxy::introspect
