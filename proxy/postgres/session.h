// Session: one PostgreSQL client and its one server connection, as a pure state machine (sans I/O).
//
// Flow for the driver (proxy/net): create it when a client has been accepted; hand every arriving byte to
// feed_client() or feed_server(); after each call write take_to_client() and take_to_server(), then act on step().
// Do not read a leg while wants_client_bytes() or wants_server_bytes() is false. The session never touches a socket,
// a clock or a file; what it needs from outside comes through SessionServices.
//
// Bytes are forwarded as they came: the pieces handed out by take_to_*() point into the span of the feed call or into
// the session and stay valid until the next call on the session; what could not be written at once must be copied.
// An idle session holds no buffer. Errors never throw: a protocol violation ends in a FATAL to the client and
// Step::kClose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"
#include "policies/audit/audit_record.h"
#include "policies/rules/policy.h"
#include "policies/settlement/lost_transaction.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy::postgres {

using Bytes = std::span<const std::byte>;

// Bytes to write on one leg, in order.
using Pieces = absl::InlinedVector<Bytes, 8>;

// What the session wants the driver to do next. One at a time; kContinue means: read whichever leg is wanted.
enum class Step : uint8_t {
  kContinue,
  kStartClientTls,    // write the pending 'S' first, then do the server side of a TLS handshake on the client leg;
                      // then call on_client_tls(). Bytes already read behind the request: the session closes itself.
  kConnectUpstream,   // connect to the upstream; then call on_upstream_connected() or on_upstream_failed()
  kStartUpstreamTls,  // TLS handshake as client on the server leg; then on_upstream_tls() or on_upstream_failed()
  kSendCancel,        // forward cancel_request() to its session's server, then close this connection without a word
  kFlushThenClose,    // write what is pending on both legs, then close both
};

// How the connection reached the guard; fixed for the session's life.
struct ClientOrigin {
  std::string address;  // "10.0.0.7"; empty for a Unix socket
  uint16_t port = 0;
  bool migration_listener = false;
  std::string listener;  // display form of the listening endpoint; part of the cancel key's identity
};

// Names a session for cancel requests: the server's process ID and the secret that this guard handed out.
struct CancelKey {
  uint32_t process_id = 0;
  std::string secret;  // 4 bytes for protocol 3.0, up to 32 for 3.2
  std::string listener;
};

// A parse job's question and answer. The text is owned by the job: the session may die before the answer.
struct ParseJob {
  std::string text;
  parser::postgres::Reading reading;
  uint64_t id = 0;
};

// One consistent view of the configuration for one database; a new one is picked up with the next statement.
struct GuardView {
  std::shared_ptr<const policies::Policy> policy;
  policies::Mode mode = policies::Mode::kObserve;
  bool audit_blocks = false;  // enforce mode with on_failure: block: wait for the file before forwarding
  bool audit_enabled = false;
};

// What the session may ask of its surroundings. Implemented by the worker, by a script in tests.
class SessionServices {
 public:
  virtual ~SessionServices() = default;
  // The current view for a database name; cheap (a pointer compare on the same generation).
  virtual const GuardView& view(std::string_view database) = 0;
  virtual absl::Time now() = 0;
  // Facts of a text read before under the same reading, or null.
  virtual std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view text,
                                                                parser::postgres::Reading reading) = 0;
  // Starts a parse job; the answer comes through Session::on_parsed() with the same id, never from inside this call.
  virtual void start_parse(ParseJob job) = 0;
  // Appends to the audit. With `wait`, Session::on_audit_written(ticket) follows, never from inside this call.
  virtual uint64_t next_ticket() = 0;
  virtual void audit(policies::AuditRecord record, bool wait) = 0;
  // Random bytes from a cryptographic source.
  virtual void random_bytes(std::span<std::byte> out) = 0;
  // Makes the session known for cancel requests, and unknown again.
  virtual void register_cancel_key(const CancelKey& key) = 0;
  virtual void unregister_cancel_key(const CancelKey& key) = 0;
  // Number for "ref server/1842": unique and rising within the server's label.
  virtual uint64_t next_reference() = 0;
  // Asks for room for a held text within Limits::held_bytes_max; false: refuse the message.
  virtual bool reserve_held_bytes(size_t bytes) = 0;
  virtual void release_held_bytes(size_t bytes) = 0;
  // PREPARE TRANSACTION takes audited statements out of their session; whoever ends it settles them (G52).
  virtual void stash_prepared_transaction(std::string_view database, std::string_view gid,
                                          std::vector<policies::LostStatement> statements) = 0;
  // nullopt: nothing is known of a transaction of this name.
  virtual std::optional<std::vector<policies::LostStatement>> take_prepared_transaction(std::string_view database,
                                                                                        std::string_view gid) = 0;
  // Outcomes that were recorded as unknown: the catalog may tell them later, if the guard may look.
  virtual void settle_later(policies::LostTransaction lost) = 0;
  // True the first time that this user calls this routine, as far as the guard remembers: only that use is audited,
  // later ones are counted (design section 5). Forgetting early costs a record too many, never one too few.
  virtual bool is_first_use(std::string_view database, std::string_view user, std::string_view routine) = 0;
  // The upstream that this session has reached is a standby, and it wants the primary.
  virtual void met_standby() = 0;
  // Counters for /metrics, by stable name: "statements_refused", "protocol_violations", "texts_unread", …
  virtual void count(std::string_view counter) = 0;
};

struct SessionSettings {
  std::shared_ptr<const Config> config;
  const ServerConfig* server = nullptr;  // inside *config
  ClientOrigin origin;
  std::string session_id;  // for the audit: unique within this process
};

class SessionCore;

class Session {
 public:
  Session(SessionSettings settings, SessionServices& services);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void feed_client(Bytes bytes);
  void feed_server(Bytes bytes);
  // The peer has closed its writing side (FIN) or the connection is gone.
  void on_client_closed();
  void on_server_closed();

  void on_client_tls(std::string client_certificate_common_name);
  // `address` is what was connected to, for messages; `tls_wanted` follows from the configuration.
  void on_upstream_connected(std::string address);
  void on_upstream_tls();
  void on_upstream_failed(std::string_view address, std::string_view cause);

  void on_parsed(uint64_t job_id, std::shared_ptr<const parser::TextFacts> facts);
  void on_audit_written(uint64_t ticket, bool ok);

  // Asks the session to end: at the next transaction boundary the client gets 57P01 and both legs are closed.
  void drain();
  // Ends the session now with `FATAL sqlstate message` (deadline, handshake timeout).
  void terminate(std::string_view sqlstate, std::string_view message);

  [[nodiscard]] Step step() const;
  // Call after acting on a step other than kContinue and kFlushThenClose.
  void step_done();
  [[nodiscard]] bool wants_client_bytes() const;
  [[nodiscard]] bool wants_server_bytes() const;
  // Pieces to write, in order; empties the list. See the lifetime note above.
  Pieces take_to_client();
  Pieces take_to_server();

  // Valid for Step::kSendCancel.
  [[nodiscard]] const CancelKey& cancel_request() const;
  // What a cancel forwarded for this session must carry: the server's own process ID and secret ("" before it came).
  [[nodiscard]] const CancelKey& server_cancel_key() const;

  // True: close the writing side of the server leg once what is pending there has been written (the client has closed
  // its own); answers are still relayed (G22).
  [[nodiscard]] bool finish_server_leg() const;

  [[nodiscard]] bool logged_in() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] const std::string& user() const;
  [[nodiscard]] const std::string& database() const;

 private:
  std::unique_ptr<SessionCore> core_;
};

}  // namespace schemaguard::proxy::postgres
