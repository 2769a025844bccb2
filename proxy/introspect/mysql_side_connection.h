// MysqlSideConnection: the guard's own connection to a protected MySQL or MariaDB server, for looking and nothing else.
//
// libmariadb, in its form that does not wait by itself, with the server's guard_login, its TLS settings and its
// password source; read-only, with a timeout for every statement and every lock on the server as well, in UTC. Not for
// a worker: each call waits, up to its limit or until the stop signal. The password is read anew for each connection,
// handed to the library and never kept or printed. No PROXY protocol header is sent: a server behind `proxy_protocol: {
// send: true }` needs a way in for the guard without one. The server never gets a file from here. Errors carry the
// server's or the library's words on one line. Used by one thread at a time; never throws.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"
#include "proxy/introspect/stop_signal.h"

struct st_mysql;

namespace schemaguard::proxy::introspect {

class MysqlSideConnection {
 public:
  using Row = std::vector<std::optional<std::string>>;
  using Rows = std::vector<Row>;

  // `server` must have a guard_login; `stop` may be null.
  static absl::StatusOr<MysqlSideConnection> open(const ServerConfig& server, const Endpoint& address,
                                                  std::chrono::milliseconds limit, const StopSignal* stop);
  ~MysqlSideConnection();
  MysqlSideConnection(MysqlSideConnection&& other) noexcept;
  MysqlSideConnection& operator=(MysqlSideConnection&& other) noexcept;
  MysqlSideConnection(const MysqlSideConnection&) = delete;
  MysqlSideConnection& operator=(const MysqlSideConnection&) = delete;

  // One statement. After an error the connection is not used again.
  absl::StatusOr<Rows> query(std::string_view sql);

 private:
  struct Close {
    void operator()(st_mysql* connection) const;
  };
  MysqlSideConnection(std::unique_ptr<st_mysql, Close> connection, const StopSignal* stop);

  std::unique_ptr<st_mysql, Close> connection_;
  const StopSignal* stop_ = nullptr;
};

// `text` as a literal that means the same under every sql_mode.
std::string mysql_literal(std::string_view text);

}  // namespace schemaguard::proxy::introspect
