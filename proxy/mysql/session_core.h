// SessionCore: the state machine behind Session, split over files by topic:
//   session.cc           what every phase shares
//   session_login.cc     from the greeting to the OK that ends the login
//   session_client.cc    framing of client packets
//   session_commands.cc  what each command byte means
//   session_judging.cc   text to facts to verdict to audit; refusing
//   session_server.cc    server packets, pairing with commands
//   session_effects.cc   what an answered command leaves behind
//   session_audit.cc     records and outcomes for the audit
// Private to proxy/mysql; see session.h for the contract.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "parser/mysql/command_table.h"
#include "parser/mysql/greeting.h"
#include "parser/mysql/login_request.h"
#include "parser/mysql/packet_header.h"
#include "parser/mysql/reading.h"
#include "parser/mysql/server_packets.h"
#include "parser/mysql/wire_format.h"
#include "proxy/mysql/pending_commands.h"
#include "proxy/mysql/prepared_statements.h"
#include "proxy/mysql/session.h"
#include "proxy/mysql/tracked_state.h"
#include "proxy/mysql/transaction_journal.h"
#include "proxy/session/output_queue.h"
#include "proxy/session/refusal_aftermath.h"

namespace schemaguard::proxy::mysql {

enum class Phase : uint8_t {
  kConnecting,      // waiting for the driver's connect
  kGreeting,        // waiting for the server's first packet
  kAwaitLogin,      // waiting for the client's SSLRequest or login
  kClientTls,       // waiting for the driver's handshake
  kUpstreamTls,     // SSLRequest sent to the server, waiting for the driver's handshake
  kAuthenticating,  // login forwarded; lock-step relay
  kReady,           // commands
  kClosing,         // nothing is read any more
};

// The answer to the guard's question about the server: a length and two letters.
inline constexpr size_t kServerRowBytes = 3;

// A command that waits for earlier answers or for the audit.
struct HeldCommand {
  std::string message;                  // the packets as they came, or their beginning
  size_t rest_bytes = 0;                // of the last packet, still to come and to be streamed
  std::string unreadable;               // why its text is not judged; empty: it is
  uint64_t job = 0;                     // the awaited parse job; 0: none
  std::vector<uint64_t> tickets;        // awaited audit records; empty: waits for answers
  bool audit_failed = false;            // one of them could not be written
  std::optional<PendingCommand> ready;  // to be pushed once the audit is written
};

// One command of the client, whole or, where its parameters are only passed on, its beginning.
struct ClientCommand {
  std::string_view message;  // with headers; valid until the output has been written
  std::string_view payload;  // without headers, command byte first
  size_t rest_bytes = 0;     // of the last packet, still to come
  bool continues = false;    // more packets follow the last one
  uint8_t sequence = 0;      // of the last packet
};

class SessionCore {
 public:
  SessionCore(SessionSettings settings, SessionServices& services);
  ~SessionCore();

  void feed_client(std::string_view bytes);
  void feed_server(std::string_view bytes);
  void on_client_closed();
  void on_server_closed();
  void on_client_tls(std::string common_name);
  void on_upstream_connected(std::string address);
  void on_upstream_tls();
  void on_upstream_failed(std::string_view address, std::string_view cause);
  void on_parsed(uint64_t job_id, std::shared_ptr<const parser::TextFacts> facts);
  void on_audit_written(uint64_t ticket, bool ok);
  void drain();
  void terminate(std::string_view sqlstate, std::string_view message);
  [[nodiscard]] bool wants_client_bytes() const;
  [[nodiscard]] size_t client_read_max() const;
  [[nodiscard]] bool wants_server_bytes() const;
  void release_written();
  void step_done();
  [[nodiscard]] bool finish_server_leg() const;
  [[nodiscard]] bool in_transaction() const;

  Step step_ = Step::kConnectUpstream;
  OutputQueue to_client_;
  OutputQueue to_server_;
  std::string user_;
  TrackedState state_;
  Phase phase_ = Phase::kConnecting;

 private:
  using Text = std::string_view;

  // session.cc
  void close_with(uint16_t error, std::string_view sqlstate, std::string_view message);
  void protocol_violation(std::string_view message);
  const GuardView& view() const { return *view_; }
  void refresh_view();
  void end_if_draining();

  // session_login.cc
  size_t login_from_client(Text in);
  size_t login_from_server(Text in);
  // Gathers one whole packet from `in`; the bytes taken. `packet` is set when it is complete.
  size_t gather(std::string& partial, Text in, size_t bytes_max, std::string& packet);
  void on_greeting(Text body);
  void on_login_packet(Text packet);
  void on_ssl_request(const parser::mysql::LoginRequest& request);
  void on_login_request(const parser::mysql::LoginRequest& request, Text body);
  [[nodiscard]] bool wants_upstream_tls() const;
  // What the plugins take for safe from listeners: TLS, and Unix sockets (mysql-wire 26).
  [[nodiscard]] bool client_leg_is_secure() const { return client_tls_ || settings_.origin.address.empty(); }
  [[nodiscard]] bool server_leg_is_secure(bool tls) const { return tls || upstream_address_.starts_with('/'); }
  // Whether a plugin's whole exchange can pass when the server leg has TLS or has not.
  [[nodiscard]] bool relays(Text plugin, bool server_tls) const;
  void send_login();
  // One packet of the client that answers the server's last one, and no other: what comes behind it may be a command
  // to the server (evasion M21).
  size_t answer_from_client(Text in);
  void authentication_from_server(Text packet);
  // False: this exchange cannot be relayed, and the session has been ended.
  bool admit_authentication(Text body);
  void refuse_authentication(std::string_view what);
  void on_login_done(Text body);
  void open_audit();

  // session_client.cc
  void process_client(Text in);
  size_t take_client_packet(Text in);
  size_t stream_client_rest(Text in);
  size_t start_command(Text in);
  // What is here of a command that is not whole yet; true: its beginning is enough.
  [[nodiscard]] static size_t prefix_bytes(uint8_t command);
  bool header_is_acceptable(parser::mysql::PacketHeader header, bool first);
  size_t gather_command(Text in);
  void on_gathered();
  [[nodiscard]] bool is_waiting() const;
  void resume_client();
  bool reserve(size_t bytes);
  void release_reserved();
  // A message that may not go on: the rest of it is read and dropped, then the client gets the error.
  void drop_message(const ClientCommand& command, uint16_t error, std::string_view sqlstate, std::string_view message);
  void forward(const ClientCommand& command);
  // `unreadable`: why its text will not be judged; empty: it will.
  void hold(const ClientCommand& command, std::string_view unreadable = {});
  void retry_held();
  // The command that stands in `message`; `payload` is set for a message of one packet only.
  [[nodiscard]] static ClientCommand with_message(Text message, size_t rest_bytes);

  // session_commands.cc
  void on_command(const ClientCommand& command);
  void dispatch_judged(const ClientCommand& command);
  void on_query(const ClientCommand& command);
  void on_execute(const ClientCommand& command);
  void on_close_statement(const ClientCommand& command);
  void on_init_db(const ClientCommand& command);
  void on_change_user(const ClientCommand& command);
  void on_statement_command(const ClientCommand& command, const parser::mysql::CommandRow& row);
  void on_replication(const ClientCommand& command, const parser::mysql::CommandRow& row);
  void forward_plain(const ClientCommand& command);
  void refuse_with(const ClientCommand& command, uint16_t error, std::string_view sqlstate, std::string_view message);
  [[nodiscard]] bool must_wait() const { return !pending_.empty(); }

  // session_judging.cc
  struct Judged {
    policies::Verdict strictest;
    std::vector<policies::Verdict> each;  // one a statement
    std::vector<RequestedStatement> statements;
    std::vector<std::shared_ptr<const void>> owners;
    // Over all databases that are touched: the strictest mode, whether enforce mode refuses, whether it waits for the
    // audit.
    policies::Mode mode = policies::Mode::kOff;
    bool refused = false;
    bool audit_blocks = false;
    bool in_utf8 = true;  // the statement that is judged: names are written as the server keeps them
    void add(RequestedStatement statement, policies::Verdict verdict);
  };
  void judge_text(const ClientCommand& command, Text text);
  void on_unreadable(const ClientCommand& command, std::string_view reason);
  // `written_in`: the character set in which the text was when it was read.
  Judged judge_statements(const std::shared_ptr<const parser::TextFacts>& facts, Text text,
                          parser::mysql::CharacterSet written_in);
  policies::Verdict judge_one(const parser::StatementFacts& facts, const TrackedState& state, Judged& judged);
  // The databases by whose rules and modes a statement is judged; false: they are too many to be told.
  bool databases_of(const parser::StatementFacts& facts, const TrackedState& state, const Judged& judged,
                    std::vector<std::string>& databases) const;
  void judge_execute(const parser::StatementFacts& execute, const TrackedState& state, Judged& judged,
                     RequestedStatement& resolved, policies::Verdict& verdict);
  void judge_facts(const ClientCommand& command, std::shared_ptr<const parser::TextFacts> facts, Text text,
                   parser::mysql::ReadingState reading_after, parser::mysql::CharacterSet written_in, bool executes);
  void admit(const ClientCommand& command, PendingCommand pending, Judged judged, Text text, bool executes);
  void refuse(const ClientCommand& command, const policies::Verdict& verdict, const std::string& ref);
  [[nodiscard]] policies::Subject subject(const TrackedState& state) const;
  [[nodiscard]] bool must_read_harmless() const;
  bool is_first_use(const parser::StatementFacts& facts);
  std::string reference();
  void send_ready(const ClientCommand& command, PendingCommand pending, bool audit_failed);

  // session_server.cc
  void process_server(Text in);
  size_t take_server_packet(Text in);
  // How much of the payload must be here before on_server_packet().
  [[nodiscard]] size_t wanted_of(parser::mysql::PacketHeader header, Text prefix);
  void on_server_packet(parser::mysql::PacketHeader header, Text packet, Text payload);
  void on_unsolicited(parser::mysql::PacketHeader header, Text packet, Text payload);
  // What the client would have got without the guard's own wish to be told; nullopt: the packet as it is.
  [[nodiscard]] std::optional<std::string> without_forced_tracking(Text ok_body) const;
  void pass_to_client(parser::mysql::PacketHeader header, Text packet, const PendingCommand& command);

  // session_effects.cc
  void on_reply_event(parser::mysql::ReplyEvent event, parser::mysql::PacketHeader header);
  void on_result(PendingCommand& command);
  void finish_command(bool failed);
  void complete_part(CommandDetails& details, size_t part);
  void fail_parts(PendingCommand& command);
  void apply_command(PendingCommand& command, bool failed);
  void apply_prepared(PendingCommand& command);
  // What the end of a result says of the session. False: it cannot be read, and the session has been ended.
  bool apply_report(PendingCommand& command, parser::mysql::ReplyEvent event);
  // `command`: null for the OK of the login.
  bool read_report(Text session_track, PendingCommand* command);
  void follow_reading(const PendingCommand& command, bool failed);
  void note_status();
  // What the server has called its default database goes before what the client has called it.
  void settle_database(const std::string& before);
  // The client has chosen what is reported to it.
  void note_chosen_tracking(const parser::StatementFacts& facts);
  // Makes the server report sql_mode and character_set_client from now on, and now.
  void force_tracking();
  // What the server's configuration decides: how it compares names, whether it takes writes.
  void ask_server();
  void on_server_row(Text row);
  void on_server_asked();
  PendingCommand& send_internal(Text text);

  // session_audit.cc
  policies::AuditRecord new_record(policies::AuditEvent event) const;
  void audit_session_event(std::string_view action, uint16_t error = 0);
  uint64_t audit_statement(const parser::StatementFacts& facts, const policies::Verdict& verdict, const Judged& judged,
                           Text text, uint32_t part, bool refused, const std::string& ref, bool wait);
  void audit_outcomes(const TransactionJournal::Outcomes& outcomes);
  void finish_audit();
  // Those whose outcome is unknown, where the guard may look at the catalog; the first `answered` were answered.
  [[nodiscard]] std::optional<policies::LostTransaction> lost_among(const TransactionJournal::Outcomes& outcomes,
                                                                    size_t answered) const;

  SessionSettings settings_;
  SessionServices& services_;
  const GuardView* view_ = nullptr;

  // Client leg.
  std::string client_partial_;  // the beginning of a command, with its headers
  std::string client_backlog_;  // bytes behind a command that waits
  size_t client_rest_ = 0;      // bytes of the current packet still to come and to be passed on
  bool client_chain_ = false;   // the current message goes on in the next packet
  bool client_rest_dropped_ = false;
  // Of the client's last packet, or of the server's where it asks for the client's next.
  uint8_t client_sequence_ = 0;
  uint8_t closing_sequence_ = 0;  // of the last packet in either direction: the guard's last words follow it
  std::string client_text_;       // payloads of the packets in client_partial_, where they are several
  size_t client_packet_at_ = 0;   // where the last packet in client_partial_ begins
  size_t reserved_bytes_ = 0;
  std::optional<HeldCommand> held_;
  uint64_t next_job_ = 0;
  std::shared_ptr<const parser::TextFacts> parsed_;  // of the command that has waited for them
  std::string refusal_;                              // goes out when the rest of the refused message has come
  bool client_tls_ = false;
  bool client_closed_ = false;
  bool quit_ = false;          // COM_QUIT was forwarded: nothing behind it is read
  bool file_follows_ = false;  // the client's packets are a file, up to an empty one (mysql-wire 18)
  std::string login_ok_;       // the OK of the login, while the guard asks whether this is the primary
  bool answer_due_ = false;    // the client's next packet is an answer of an authentication
  std::string client_certificate_;
  parser::mysql::Capabilities client_capabilities_;

  // Server leg.
  std::string server_partial_;
  size_t server_rest_ = 0;
  bool server_rest_swallowed_ = false;
  std::string upstream_address_;
  std::string greeting_version_;
  uint32_t connection_id_ = 0;           // the server's number of this connection
  parser::mysql::Capabilities offered_;  // by the server, as far as the guard decodes it
  parser::mysql::Capabilities server_capabilities_;
  bool server_tls_ = false;
  std::string login_body_;      // for the server, until it has been sent
  uint8_t login_sequence_ = 1;  // of the login on the client leg
  uint8_t sequence_shift_ = 0;  // client leg's sequence numbers minus the server leg's, during the login
  std::string auth_plugin_;     // the plugin in charge

  // Commands and state.
  PendingCommands pending_;
  uint16_t status_ = 0;  // as the server has sent it last
  PreparedStatements statements_;
  absl::flat_hash_map<std::string, std::shared_ptr<const parser::StatementFacts>> named_statements_;  // SQL PREPARE
  bool prepare_refused_ = false;  // since then "the last one prepared" is nobody's (mysql-wire 37)
  TransactionJournal journal_;
  // Which of the variables that the guard has reported are reported by the client's own choice, too.
  struct ClientTracking {
    bool sql_mode = false;
    bool character_set = true;  // stands in the servers' default list
  };
  ClientTracking client_tracks_;
  std::optional<std::string> reported_database_;  // by the answer at hand
  bool database_certain_ = true;                  // the default database's name is the server's own
  bool tracks_ = false;                           // the server reports sql_mode and character_set_client
  bool tracking_doubted_ = false;                 // it may have been told not to
  bool draining_ = false;

  // Guarding.
  std::shared_ptr<const policies::AuditSession> audit_session_;
  std::string application_;
  uint64_t message_number_ = 0;
  RefusalAftermath aftermath_;
  bool logged_in_ = false;
  bool audit_finished_ = false;
  // Audited statements without an outcome.
  struct OpenTicket {
    absl::Time since;
    std::shared_ptr<const policies::LostStatement> kept;  // null when the guard may not look at the catalog
  };
  absl::flat_hash_map<uint64_t, OpenTicket> open_tickets_;

  friend class Session;
};

}  // namespace schemaguard::proxy::mysql
