// Connection: the driver of one session. It moves bytes between two legs and the session, and gives the session what
// it asks for (SessionServices); all decisions are the session's.
//
// Flow: PROXY protocol header when one is due, then read a leg, feed the session, write both legs, act on its step.
// A leg is read while the session wants its bytes and the other leg's unsent bytes stay below
// Limits::pending_bytes_max, so a stalled peer holds up only its own session and memory stays bounded both ways; what
// waits to be written is written whenever its leg can take it, whatever the other leg does.
// Lives on its worker's thread; deleted at the end of the turn in which it closed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/net/event_loop.h"
#include "proxy/net/leg.h"
#include "proxy/net/worker.h"
#include "proxy/session/session_services.h"
#include "proxy/session/wire_session.h"

namespace schemaguard::proxy::net {

class Connection final : public Buriable, public DeadlineEntry, public LegOwner, public SessionServices {
 public:
  Connection(Worker& worker, uint64_t number, AcceptedClient client);
  ~Connection() override;

  void start();
  void drain();
  void terminate(std::string_view sqlstate, std::string_view message);
  [[nodiscard]] bool must_not_be_cut() const { return in_session() && session_ && session_->must_not_be_cut(); }
  // Without flushing anything.
  void close_now();

  void on_leg_events(Leg& leg, uint32_t events) override;
  void on_deadline() override;

  // SessionServices
  const GuardView& view(std::string_view database) override;
  absl::Time now() override;
  std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view text,
                                                        parser::postgres::Reading reading) override;
  void start_parse(ParseJob job) override;
  uint64_t next_ticket() override;
  void audit(policies::AuditRecord record, bool wait) override;
  void random_bytes(std::span<std::byte> out) override;
  void register_cancel_key(const CancelKey& key) override;
  void unregister_cancel_key(const CancelKey& key) override;
  uint64_t next_reference() override;
  void stash_prepared_transaction(std::string_view database, std::string_view gid,
                                  std::vector<policies::LostStatement> statements) override;
  std::optional<std::vector<policies::LostStatement>> take_prepared_transaction(std::string_view database,
                                                                                std::string_view gid) override;
  void settle_later(policies::LostTransaction lost) override;
  bool reserve_held_bytes(size_t bytes) override;
  void release_held_bytes(size_t bytes) override;
  bool is_first_use(std::string_view database, std::string_view user, std::string_view routine) override;
  void met_standby() override;
  void warn(std::string_view line) override;
  void count(std::string_view counter) override;

 private:
  enum class Phase : uint8_t {
    kProxyHeader,  // waiting for the balancer's header
    kFirstBytes,   // nothing has come from the client yet
    kSession,      // the session is in charge
    kClosing,      // writing what is left
    kLingering,    // the client's last bytes are read and dropped, so that it sees our last ones
    kClosed,
  };

  void read_proxy_header();
  void begin_session();
  [[nodiscard]] std::unique_ptr<WireSession> new_session();
  // Some clients of PostgreSQL begin with TLS (sslnegotiation=direct).
  bool begin_direct_tls();
  void read_leg(Leg& leg);
  void on_leg_closed(Leg& leg);
  void continue_handshake(Leg& leg);
  void after_session();
  void write_out();
  void finish_server_leg();
  void act();
  void start_client_tls();
  void start_upstream_tls();
  void connect_upstream();
  void on_upstream(UpstreamResult result);
  void send_proxy_header();
  void send_cancel();
  void publish_cancel_key();
  void begin_closing();
  void continue_closing();
  void linger();
  void update_interest();
  void read_again_soon(const Leg& leg);
  void set_deadline(std::chrono::steady_clock::duration after);
  [[nodiscard]] bool may_read(const Leg& leg) const;
  [[nodiscard]] bool in_session() const { return phase_ == Phase::kSession || phase_ == Phase::kFirstBytes; }
  [[nodiscard]] bool speaks_mysql() const { return server_->server->engine == "mysql"; }
  // PostgreSQL has no words for who has said nothing yet; MySQL speaks first, and says why it ends.
  [[nodiscard]] bool ends_silently() const { return !client_spoke_ && !speaks_mysql(); }
  [[nodiscard]] const Limits& limits() const { return server_->config->limits; }

  Worker& worker_;
  const uint64_t number_;
  Phase phase_ = Phase::kFirstBytes;
  bool step_running_ = false;  // the session's step is being acted on
  bool login_done_ = false;    // the login deadline is off
  bool client_ended_ = false;  // the session knows that the client has closed
  bool server_ended_ = false;
  bool admitted_ = false;  // counted in Guard::sessions()
  bool client_spoke_ = false;
  bool direct_tls_ = false;
  bool server_finished_ = false;  // our writing side of the server leg is closed
  std::shared_ptr<const ServerRuntime> server_;
  ClientOrigin origin_;  // a copy goes into the session at its start
  Leg client_;
  Leg upstream_;
  std::unique_ptr<std::string> proxy_header_;
  std::shared_ptr<const UpstreamAddress> upstream_address_;
  std::optional<CancelKey> cancel_key_;
  bool cancel_key_is_new_ = false;
  uint64_t view_generation_ = 0;
  std::string view_database_;
  GuardView view_;
  // Last: it may use everything above while it is destroyed.
  std::unique_ptr<WireSession> session_;
};

}  // namespace schemaguard::proxy::net
