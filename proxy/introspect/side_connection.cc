#include "proxy/introspect/side_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/introspect/guard_password.h"

namespace schemaguard::proxy::introspect {

namespace {

using Clock = std::chrono::steady_clock;

// The server's own timeout ends a statement first; this one is for a server that does not answer at all.
constexpr std::chrono::milliseconds kAnswerLimit = kSideStatementLimit + std::chrono::seconds(2);

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};

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
absl::Status failed(const PGconn* connection) {
  std::string text = connection == nullptr ? "out of memory" : PQerrorMessage(connection);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return absl::UnavailableError(text.empty() ? "the connection was closed" : text);
}

}  // namespace

void SideConnection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

SideConnection::SideConnection(std::unique_ptr<pg_conn, Finish> connection, const StopSignal* stop)
    : connection_(std::move(connection)), stop_(stop) {}
SideConnection::~SideConnection() = default;
SideConnection::SideConnection(SideConnection&& other) noexcept = default;
SideConnection& SideConnection::operator=(SideConnection&& other) noexcept = default;

absl::StatusOr<SideConnection> SideConnection::open(const ServerConfig& server, const Target& target,
                                                    std::chrono::milliseconds limit, const StopSignal* stop) {
  const ServerConfig::GuardLogin& login = *server.guard_login;
  const absl::StatusOr<std::string> password = read_guard_password(login);
  if (!password.ok()) return password.status();
  const std::vector<std::pair<const char*, std::string>> settings = {
      {"host", target.address.host},
      {"port", std::to_string(target.address.port)},
      {"user", login.user},
      {"dbname", target.database.empty() ? login.database : target.database},
      {"password", *password},
      {"passfile", "/dev/null"},
      {"sslmode", tls_mode_name(server.upstream.tls)},
      {"sslrootcert", server.upstream.ca},
      {"sslcert", server.upstream.certificate},
      {"sslkey", server.upstream.key},
      {"gssencmode", "disable"},
      {"client_encoding", "UTF8"},
      {"application_name", target.application},
      {"options",
       absl::StrCat("-c default_transaction_read_only=on -c statement_timeout=", kSideStatementLimit.count())},
  };
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const Clock::time_point deadline = Clock::now() + limit;
  // dbname is no connection string here: expand_dbname is 0.
  std::unique_ptr<pg_conn, Finish> connection(PQconnectStartParams(names.data(), values.data(), 0));
  if (connection == nullptr || PQstatus(connection.get()) == CONNECTION_BAD) return failed(connection.get());
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (absl::Status status = wait_until_ready(PQsocket(connection.get()), events, deadline, stop); !status.ok())
      return status;
    state = PQconnectPoll(connection.get());
    if (state == PGRES_POLLING_FAILED) return failed(connection.get());
  }
  return SideConnection(std::move(connection), stop);
}

absl::StatusOr<SideConnection::Rows> SideConnection::query(const std::string& sql,
                                                           const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  PGconn* connection = connection_.get();
  if (PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                        nullptr, 0) == 0) {
    return failed(connection);
  }
  const Clock::time_point deadline = Clock::now() + kAnswerLimit;
  Rows rows;
  while (true) {
    while (PQisBusy(connection) != 0) {
      if (absl::Status status = wait_until_ready(PQsocket(connection), POLLIN, deadline, stop_); !status.ok())
        return status;
      if (PQconsumeInput(connection) == 0) return failed(connection);
    }
    const std::unique_ptr<PGresult, Clear> result(PQgetResult(connection));
    if (result == nullptr) return rows;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return failed(connection);
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      Row& values_of_row = rows.emplace_back();
      for (int column = 0; column < PQnfields(result.get()); ++column) {
        const bool null = PQgetisnull(result.get(), row, column) != 0;
        values_of_row.push_back(null ? std::nullopt
                                     : std::optional<std::string>(PQgetvalue(result.get(), row, column)));
      }
    }
  }
}

std::string array_literal(const std::vector<std::string>& texts) {
  std::string out = "{";
  for (const std::string& text : texts) {
    if (out.size() > 1) out.push_back(',');
    out.push_back('"');
    for (const char byte : text) {
      if (byte == '"' || byte == '\\') out.push_back('\\');
      out.push_back(byte);
    }
    out.push_back('"');
  }
  return out + "}";
}

}  // namespace schemaguard::proxy::introspect
