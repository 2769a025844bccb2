#include "proxy/postgres/guard_login_probe.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/status/statusor.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::concatenate;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

absl::StatusOr<std::string> read_password(const ServerConfig::GuardLogin& login) {
  if (!login.password_file.empty()) {
    std::ifstream stream(login.password_file);
    if (!stream) return absl::NotFoundError(concatenate({login.password_file, " cannot be read"}));
    std::string password;
    std::getline(stream, password);
    if (!password.empty() && password.back() == '\r') password.pop_back();
    return password;
  }
  if (!login.password_env.empty()) {
    const char* password = std::getenv(login.password_env.c_str());
    if (password == nullptr) {
      return absl::NotFoundError(concatenate({"the environment variable ", login.password_env, " is not set"}));
    }
    return std::string(password);
  }
  return std::string();
}

const char* tls_mode_name(ServerTlsMode mode) {
  switch (mode) {
    case ServerTlsMode::kDisable:
      return "disable";
    case ServerTlsMode::kPrefer:
      return "prefer";
    case ServerTlsMode::kRequire:
      return "require";
    case ServerTlsMode::kVerifyCa:
      return "verify-ca";
    case ServerTlsMode::kVerifyFull:
      return "verify-full";
  }
  return "verify-full";
}

// libpq's messages end in a line break and may have several lines.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

GuardLoginProbe probe_address(const ServerConfig& server, const Endpoint& address, const std::string& password,
                              std::chrono::milliseconds timeout) {
  GuardLoginProbe probe{.address = address.display(), .connected = false, .detail = ""};
  const ServerConfig::GuardLogin& login = *server.guard_login;
  const std::string port = std::to_string(address.port);
  const std::string seconds = std::to_string(std::max<int64_t>(2, timeout.count() / 1000));  // libpq's least is 2
  std::vector<std::pair<const char*, std::string>> settings = {
      {"host", address.host},
      {"port", port},
      {"user", login.user},
      {"dbname", login.database},
      {"password", password},
      {"passfile", "/dev/null"},
      {"connect_timeout", seconds},
      {"sslmode", tls_mode_name(server.upstream.tls)},
      {"sslrootcert", server.upstream.ca},
      {"sslcert", server.upstream.certificate},
      {"sslkey", server.upstream.key},
      {"gssencmode", "disable"},
      {"application_name", "schemaguard check-config"},
      {"options", "-c default_transaction_read_only=on -c statement_timeout=5000"},
  };
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    probe.detail = one_line(PQerrorMessage(connection.get()));
    return probe;
  }
  const std::unique_ptr<PGresult, Finish> result(
      PQexec(connection.get(), "SELECT current_setting('server_version'), pg_is_in_recovery()"));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) != 1) {
    probe.detail = one_line(PQerrorMessage(connection.get()));
    return probe;
  }
  probe.connected = true;
  const bool standby = std::string_view(PQgetvalue(result.get(), 0, 1)) == "t";
  probe.detail = concatenate({"PostgreSQL ", PQgetvalue(result.get(), 0, 0), standby ? ", standby" : ", primary"});
  return probe;
}

}  // namespace

std::vector<GuardLoginProbe> probe_guard_login(const ServerConfig& server, std::chrono::milliseconds timeout) {
  std::vector<GuardLoginProbe> probes;
  if (!server.guard_login) return probes;
  const absl::StatusOr<std::string> password = read_password(*server.guard_login);
  for (const Endpoint& address : server.upstream.addresses) {
    if (password.ok()) {
      probes.push_back(probe_address(server, address, *password, timeout));
    } else {
      probes.push_back(
          {.address = address.display(), .connected = false, .detail = std::string(password.status().message())});
    }
  }
  return probes;
}

}  // namespace schemaguard::proxy::postgres
