#include "proxy/introspect/mysql_side_connection.h"

#include <mysql.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "absl/strings/str_cat.h"
#include "proxy/introspect/guard_password.h"
#include "proxy/introspect/side_connection.h"

namespace schemaguard::proxy::introspect {

namespace {

using Clock = std::chrono::steady_clock;

// The server's own timeout ends a statement first; this one is for a server that does not answer at all.
constexpr std::chrono::milliseconds kAnswerLimit = kSideStatementLimit + std::chrono::seconds(2);

struct Free {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

absl::Status failed(MYSQL* connection) {
  std::string text = mysql_error(connection);
  std::replace_if(
      text.begin(), text.end(), [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
  return absl::UnavailableError(text.empty() ? "the connection was closed" : text);
}

void set_flag(MYSQL* connection, mysql_option option, bool value) {
  const my_bool flag = value ? 1 : 0;
  mysql_optionsv(connection, option, &flag);
}

// As the guard's own connections: nothing is weaker than the configuration says.
void set_tls(MYSQL* connection, const ServerConfig::Upstream& upstream) {
  const auto file = [](const std::string& name) { return name.empty() ? nullptr : name.c_str(); };
  if (upstream.tls == ServerTlsMode::kDisable) return;
  mysql_ssl_set(connection, file(upstream.key), file(upstream.certificate), file(upstream.ca), nullptr, nullptr);
  set_flag(connection, MYSQL_OPT_SSL_ENFORCE, upstream.tls != ServerTlsMode::kPrefer);
  // The library cannot check the authority without the name, so that verify-ca asks for more here.
  set_flag(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
           upstream.tls == ServerTlsMode::kVerifyCa || upstream.tls == ServerTlsMode::kVerifyFull);
}

// Goes on with an operation of the library until it is done: `resume` takes what has come true of `state`.
template <typename Resume>
absl::Status finish(MYSQL* connection, int state, Clock::time_point deadline, const StopSignal* stop,
                    const Resume& resume) {
  while (state != 0) {
    short events = 0;
    if ((state & MYSQL_WAIT_READ) != 0) events = static_cast<short>(events | POLLIN);
    if ((state & MYSQL_WAIT_WRITE) != 0) events = static_cast<short>(events | POLLOUT);
    if ((state & MYSQL_WAIT_EXCEPT) != 0) events = static_cast<short>(events | POLLPRI);
    if (absl::Status status = wait_until_ready(mysql_get_socket(connection), events, deadline, stop); !status.ok()) {
      return status;
    }
    // Whatever is ready: the library finds out by trying.
    state = resume(state & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT));
  }
  return absl::OkStatus();
}

// Whoever asks can change nothing, waits for no lock for long, and reads all times alike.
std::string preparation(bool mariadb) {
  constexpr auto kSeconds = std::chrono::duration_cast<std::chrono::seconds>(kSideStatementLimit).count();
  return absl::StrCat("SET SESSION lock_wait_timeout = ", kSeconds, ", time_zone = '+00:00', ",
                      mariadb ? absl::StrCat("max_statement_time = ", kSeconds)
                              : absl::StrCat("max_execution_time = ", kSideStatementLimit.count()));
}

}  // namespace

void MysqlSideConnection::Close::operator()(st_mysql* connection) const { mysql_close(connection); }

MysqlSideConnection::MysqlSideConnection(std::unique_ptr<st_mysql, Close> connection, const StopSignal* stop)
    : connection_(std::move(connection)), stop_(stop) {}
MysqlSideConnection::~MysqlSideConnection() = default;
MysqlSideConnection::MysqlSideConnection(MysqlSideConnection&& other) noexcept = default;
MysqlSideConnection& MysqlSideConnection::operator=(MysqlSideConnection&& other) noexcept = default;

absl::StatusOr<MysqlSideConnection> MysqlSideConnection::open(const ServerConfig& server, const Endpoint& address,
                                                              std::chrono::milliseconds limit, const StopSignal* stop) {
  const absl::StatusOr<std::string> password = read_guard_password(*server.guard_login);
  if (!password.ok()) return password.status();
  std::unique_ptr<st_mysql, Close> connection(mysql_init(nullptr));
  if (connection == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  MYSQL* const raw = connection.get();
  mysql_optionsv(raw, MYSQL_OPT_NONBLOCK, nullptr);
  const unsigned no_local_files = 0;
  mysql_optionsv(raw, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
  mysql_optionsv(raw, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!address.is_unix()) set_tls(raw, server.upstream);
  const char* const host = address.is_unix() ? nullptr : address.host.c_str();
  const char* const socket = address.is_unix() ? address.host.c_str() : nullptr;
  const Clock::time_point deadline = Clock::now() + limit;
  MYSQL* connected = nullptr;
  const int state = mysql_real_connect_start(&connected, raw, host, server.guard_login->user.c_str(), password->c_str(),
                                             nullptr, address.port, socket, 0);
  const absl::Status done =
      finish(raw, state, deadline, stop, [&](int ready) { return mysql_real_connect_cont(&connected, raw, ready); });
  if (!done.ok()) return done;
  if (connected == nullptr) return failed(raw);
  MysqlSideConnection result(std::move(connection), stop);
  const bool mariadb = std::string_view(mysql_get_server_info(raw)).find("MariaDB") != std::string_view::npos;
  for (const std::string& sql : {preparation(mariadb), std::string("SET SESSION TRANSACTION READ ONLY")}) {
    if (const auto prepared = result.query(sql); !prepared.ok()) return prepared.status();
  }
  return result;
}

absl::StatusOr<MysqlSideConnection::Rows> MysqlSideConnection::query(std::string_view sql) {
  MYSQL* const raw = connection_.get();
  const Clock::time_point deadline = Clock::now() + kAnswerLimit;
  int error = 0;
  int state = mysql_real_query_start(&error, raw, sql.data(), sql.size());
  absl::Status done =
      finish(raw, state, deadline, stop_, [&](int ready) { return mysql_real_query_cont(&error, raw, ready); });
  if (!done.ok()) return done;
  if (error != 0) return failed(raw);
  MYSQL_RES* stored = nullptr;
  state = mysql_store_result_start(&stored, raw);
  done = finish(raw, state, deadline, stop_, [&](int ready) { return mysql_store_result_cont(&stored, raw, ready); });
  const std::unique_ptr<MYSQL_RES, Free> result(stored);
  if (!done.ok()) return done;
  Rows rows;
  if (result == nullptr) {
    if (mysql_errno(raw) != 0) return failed(raw);
    return rows;  // a statement without a result
  }
  const unsigned columns = mysql_num_fields(result.get());
  for (MYSQL_ROW row = mysql_fetch_row(result.get()); row != nullptr; row = mysql_fetch_row(result.get())) {
    const unsigned long* const lengths = mysql_fetch_lengths(result.get());
    Row& values = rows.emplace_back();
    for (unsigned column = 0; column < columns; ++column) {
      values.push_back(row[column] == nullptr ? std::nullopt
                                              : std::optional<std::string>(std::string(row[column], lengths[column])));
    }
  }
  return rows;
}

std::string mysql_literal(std::string_view text) {
  std::string literal = "_utf8mb4 X'";
  for (const char byte : text) literal += fmt::format("{:02X}", static_cast<unsigned char>(byte));
  return literal + "'";
}

}  // namespace schemaguard::proxy::introspect
