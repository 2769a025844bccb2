// SideConnection: the guard's own connection to a protected server, for looking and nothing else.
//
// libpq with the server's guard_login, its TLS settings and its password source; read-only, with a timeout for every
// statement on the server as well. Not for a worker: each call waits, up to its limit or until the stop signal. The
// password is read anew for each connection, handed to libpq and never kept or printed. libpq sends no PROXY protocol
// header: a server behind `proxy_protocol: { send: true }` needs a way in for the guard without one. Errors carry the
// server's or libpq's words on one line. Used by one thread at a time; never throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/config/config.h"
#include "proxy/introspect/stop_signal.h"

struct pg_conn;

namespace schemaguard::proxy::introspect {

// How long the server works on one statement of the guard's at most.
inline constexpr std::chrono::milliseconds kSideStatementLimit{5'000};

class SideConnection {
 public:
  using Row = std::vector<std::optional<std::string>>;
  using Rows = std::vector<Row>;

  struct Target {
    Endpoint address;
    std::string database;     // empty: the one of guard_login
    std::string application;  // as the server's activity shows it
  };

  // `server` must have a guard_login; `stop` may be null.
  static absl::StatusOr<SideConnection> open(const ServerConfig& server, const Target& target,
                                             std::chrono::milliseconds limit, const StopSignal* stop);
  ~SideConnection();
  SideConnection(SideConnection&& other) noexcept;
  SideConnection& operator=(SideConnection&& other) noexcept;
  SideConnection(const SideConnection&) = delete;
  SideConnection& operator=(const SideConnection&) = delete;

  // One statement; text parameters, text results. After an error the connection is not used again.
  absl::StatusOr<Rows> query(const std::string& sql, const std::vector<std::string>& parameters = {});

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  SideConnection(std::unique_ptr<pg_conn, Finish> connection, const StopSignal* stop);

  std::unique_ptr<pg_conn, Finish> connection_;
  const StopSignal* stop_ = nullptr;
};

// `texts` as the input of a text[] parameter.
std::string array_literal(const std::vector<std::string>& texts);

}  // namespace schemaguard::proxy::introspect
