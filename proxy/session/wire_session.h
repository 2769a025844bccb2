// WireSession: one client and its one server connection, as a pure state machine (sans I/O), whatever the protocol.
//
// Flow for the driver (proxy/net): create one when a client has been accepted and act on step() at once (a server that
// speaks first is connected to before the client has said anything); hand every arriving byte to feed_client() or
// feed_server(); after each call write take_to_client() and take_to_server(), then act on step(). Do not read a leg
// while wants_client_bytes() or wants_server_bytes() is false. A session never touches a socket, a clock or a file;
// what it needs from outside comes through SessionServices.
//
// Bytes are forwarded as they came: the pieces handed out by take_to_*() point into the span of the feed call or into
// the session and stay valid until the next call on the session; what could not be written at once must be copied.
// An idle session holds no buffer. Errors never throw: a protocol violation ends in a last message to the client and
// Step::kFlushThenClose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "parser/statement_facts.h"
#include "proxy/config/config.h"
#include "proxy/session/client_origin.h"
#include "proxy/session/session_services.h"

namespace schemaguard::proxy {

using Bytes = std::span<const std::byte>;

// Bytes to write on one leg, in order.
using Pieces = absl::InlinedVector<Bytes, 8>;

// What the session wants the driver to do next. One at a time; kContinue means: read whichever leg is wanted.
enum class Step : uint8_t {
  kContinue,
  kStartClientTls,    // write what is pending for the client first, then do the server side of a TLS handshake on the
                      // client leg; then call on_client_tls(). Bytes already read behind the request: the session
                      // closes itself.
  kConnectUpstream,   // connect to the upstream; then call on_upstream_connected() or on_upstream_failed()
  kStartUpstreamTls,  // TLS handshake as client on the server leg; then on_upstream_tls() or on_upstream_failed()
  kSendCancel,        // forward cancel_request() to its session's server, then close this connection without a word
  kFlushThenClose,    // write what is pending on both legs, then close both
};

struct SessionSettings {
  std::shared_ptr<const Config> config;
  const ServerConfig* server = nullptr;  // inside *config
  ClientOrigin origin;
  std::string session_id;  // for the audit: unique within this process
};

class WireSession {
 public:
  virtual ~WireSession() = default;
  WireSession(const WireSession&) = delete;
  WireSession& operator=(const WireSession&) = delete;

  virtual void feed_client(Bytes bytes) = 0;
  virtual void feed_server(Bytes bytes) = 0;
  // The peer has closed its writing side (FIN) or the connection is gone.
  virtual void on_client_closed() = 0;
  virtual void on_server_closed() = 0;

  virtual void on_client_tls(std::string client_certificate_common_name) = 0;
  // `address` is what was connected to, for messages.
  virtual void on_upstream_connected(std::string address) = 0;
  virtual void on_upstream_tls() = 0;
  virtual void on_upstream_failed(std::string_view address, std::string_view cause) = 0;

  virtual void on_parsed(uint64_t job_id, std::shared_ptr<const parser::TextFacts> facts) = 0;
  virtual void on_audit_written(uint64_t ticket, bool ok) = 0;

  // Asks the session to end: at the next transaction boundary the client is told so and both legs are closed.
  virtual void drain() = 0;
  // In the middle of something that must not be cut off half way: it holds LOCK TABLES or a named lock, as migrations
  // and cut-overs do (design section 5).
  [[nodiscard]] virtual bool must_not_be_cut() const { return false; }
  // Ends the session now with an error of this SQLSTATE, in PostgreSQL's numbering (deadline, handshake timeout).
  virtual void terminate(std::string_view sqlstate, std::string_view message) = 0;

  [[nodiscard]] virtual Step step() const = 0;
  // Call after acting on a step other than kContinue and kFlushThenClose.
  virtual void step_done() = 0;
  [[nodiscard]] virtual bool wants_client_bytes() const = 0;
  // Until logged_in(): not a byte more than this may be read from the client leg now, because the one behind may
  // belong to TLS (MySQL's clients do not wait for an answer to their SSLRequest).
  [[nodiscard]] virtual size_t client_read_max() const { return SIZE_MAX; }
  [[nodiscard]] virtual bool wants_server_bytes() const = 0;
  // Pieces to write, in order; empties the list. See the lifetime note above.
  virtual Pieces take_to_client() = 0;
  virtual Pieces take_to_server() = 0;

  // Valid for Step::kSendCancel, which only PostgreSQL's protocol has.
  [[nodiscard]] virtual const CancelKey& cancel_request() const = 0;
  // What a cancel forwarded for this session must carry: the server's own process ID and secret ("" before it came).
  [[nodiscard]] virtual const CancelKey& server_cancel_key() const = 0;

  // True: close the writing side of the server leg once what is pending there has been written (the client has closed
  // its own); answers are still relayed (G22).
  [[nodiscard]] virtual bool finish_server_leg() const = 0;

  [[nodiscard]] virtual bool logged_in() const = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;
  [[nodiscard]] virtual const std::string& user() const = 0;
  [[nodiscard]] virtual const std::string& database() const = 0;

 protected:
  WireSession() = default;
};

}  // namespace schemaguard::proxy
