// ProbeConnection: one blocking connection to a database with a deadline, plain or TLS, for probes only.
//
// Connects as the guard would and exchanges raw bytes. Owns its descriptor and TLS state. Errors are sentences; never
// throws. Not for the data path.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy::introspect {

class ProbeConnection {
 public:
  using Clock = std::chrono::steady_clock;

  // Connects and writes `preamble` (a PROXY protocol header, or nothing).
  static absl::StatusOr<ProbeConnection> open(const Endpoint& address, std::string_view preamble,
                                              std::chrono::milliseconds timeout);
  ProbeConnection(ProbeConnection&& other) noexcept;
  ProbeConnection& operator=(ProbeConnection&& other) noexcept;
  ~ProbeConnection();

  // PostgreSQL's negotiation of TLS, as `upstream` asks for it.
  absl::Status negotiate_postgres_tls(const Endpoint& address, const ServerConfig::Upstream& upstream);
  // TLS from the next byte on.
  absl::Status start_tls(const Endpoint& address, const ServerConfig::Upstream& upstream);

  absl::Status write(std::string_view bytes);
  // Exactly `length` bytes.
  absl::StatusOr<std::string> read(size_t length);

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  ProbeConnection(int descriptor, Clock::time_point deadline) : descriptor_(descriptor), deadline_(deadline) {}
  absl::Status wait(short events) const;
  absl::Status wait_for_tls(int result, std::string_view what) const;

  int descriptor_ = -1;
  Clock::time_point deadline_;
  std::unique_ptr<SSL_CTX, FreeSsl> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace schemaguard::proxy::introspect
