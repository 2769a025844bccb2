// SessionCore: the state machine behind Session, split over files by topic:
//   session_startup.cc   from the first byte to the first ReadyForQuery, both legs
//   session_client.cc    framing and dispatch of client messages
//   session_judging.cc   text to facts to verdict to audit; refusing
//   session_holding.cc   messages that wait, and what they leave behind when they go on
//   session_server.cc    server messages, pairing with requests, outcomes
//   session_audit.cc     records and outcomes for the audit
// Private to proxy/postgres; see session.h for the contract.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "parser/postgres/backend_messages.h"
#include "parser/postgres/frontend_messages.h"
#include "parser/postgres/protocol_format.h"
#include "parser/postgres/startup_packet.h"
#include "proxy/postgres/loss_reckoning.h"
#include "proxy/postgres/pending_requests.h"
#include "proxy/postgres/prepared_statements.h"
#include "proxy/postgres/refusal.h"
#include "proxy/postgres/session.h"
#include "proxy/postgres/tracked_state.h"
#include "proxy/postgres/transaction_journal.h"
#include "proxy/session/output_queue.h"
#include "proxy/session/refusal_aftermath.h"

namespace schemaguard::proxy::postgres {

enum class Phase : uint8_t {
  kAwaitStartup,      // client: SSLRequest, GSSENCRequest, CancelRequest or StartupMessage
  kClientTls,         // waiting for the driver's handshake
  kConnecting,        // waiting for the driver's connect
  kUpstreamTlsReply,  // SSLRequest sent to the server, one byte expected
  kUpstreamTls,       // waiting for the driver's handshake
  kAuthenticating,    // startup packet forwarded; lock-step relay
  kReady,             // after the first ReadyForQuery
  kClosing,           // nothing is read any more
};

// A client message that waits for a parse job or the audit.
struct HeldMessage {
  char type = 'Q';
  std::string message{};          // whole, header included
  std::string name{};             // statement (Parse), portal (Bind, Execute)
  std::string text{};             // what is judged: the message's own text, or that of the prepared statement it uses
  bool text_is_prepared = false;  // `text` is a prepared statement's whose facts were not known yet
  parser::postgres::Reading reading{};
  uint64_t job = 0;                                // awaited parse job, 0: none
  std::vector<uint64_t> tickets{};                 // awaited audit records
  bool audit_failed = false;                       // one of them could not be written
  const PreparedStatements* open_names = nullptr;  // waits until only one meaning of `open_name` is left in this map
  std::string open_name{};
  PendingRequest request{};  // ready to be pushed once the audit is written
};

// Whether a statement changes what later ones mean.
bool has_effects(const parser::StatementFacts& facts);
bool mentions_prepare(std::string_view text);
// The part of `text` a statement was read from.
std::string_view statement_text(std::string_view text, const parser::StatementFacts& facts);
// The text that tells what a statement leaves behind. That of a prepared statement is not at hand at its EXECUTE: then
// what it creates may go again at the commit.
std::string_view effect_text(const RequestedStatement& statement, std::string_view text);

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
  void on_parsed(uint64_t job_id, const std::shared_ptr<const parser::TextFacts>& facts);
  void on_audit_written(uint64_t ticket, bool ok);
  void drain();
  void terminate(std::string_view sqlstate, std::string_view message);
  [[nodiscard]] bool wants_client_bytes() const;
  [[nodiscard]] bool wants_server_bytes() const;
  void release_written();
  void step_done();
  [[nodiscard]] bool finish_server_leg() const;

  Step step_ = Step::kContinue;
  OutputQueue to_client_;
  OutputQueue to_server_;
  CancelKey cancel_request_;
  CancelKey server_key_;
  CancelKey handed_out_key_;
  std::string user_;
  std::string database_;
  Phase phase_ = Phase::kAwaitStartup;
  char transaction_status_ = 'I';

 private:
  using Text = std::string_view;

  // session_startup.cc
  size_t startup_from_client(Text in);
  void on_startup_packet(const parser::postgres::StartupPacket& packet);
  void on_startup_message(const parser::postgres::StartupPacket& packet);
  bool admit_startup_settings(const parser::postgres::StartupPacket& packet);
  bool admit_replication(std::string_view value);
  void send_startup();
  size_t authentication_from_client(Text in);
  void authentication_from_server(char type, Text body, Text whole);
  void relay_sasl_mechanisms(const parser::postgres::Authentication& authentication, Text whole);
  bool sasl_response_can_be_relayed(Text body);
  // True: the upstream is a standby where the primary is wanted, and the session has been ended.
  bool refuse_standby(const parser::postgres::ParameterStatus& status);
  void hand_out_key(const parser::postgres::BackendKeyData& key);
  void protocol_violation(std::string_view message);
  [[nodiscard]] bool upstream_wants_tls() const;

  // session_client.cc
  void process_client(Text in);
  size_t take_client_message(Text in);
  size_t stream_client_body(Text in);
  // A first look: false for some lengths that are acceptable all the same.
  [[nodiscard]] bool is_ordinary(char type, uint32_t length) const;
  // False: the session has been ended.
  bool length_is_acceptable(char type, uint32_t length);
  // Handles one message; `whole` starts at the type byte and may lack the end of the body (`total_bytes` says how long
  // the message is). It stays valid until the output has been written. False: too little of it is here yet.
  bool on_client_message(Text whole, size_t total_bytes);
  void forward_client(Text whole, size_t total_bytes);
  void drop_client_rest(Text whole, size_t total_bytes);
  void push_request(PendingRequest&& request);
  // The same for one that carries nothing but its type.
  void push_plain(char type);
  void note_pushed(char type);
  void on_query(Text whole);
  void on_parse(Text whole);
  [[nodiscard]] bool name_is_ambiguous(Text name) const;
  bool on_bind(Text whole, size_t total_bytes);
  void on_execute(Text whole);
  bool on_function_call(Text whole, size_t total_bytes);
  void on_close(Text whole);
  // A message whose text or names cannot be judged: too long, malformed, ambiguous, too many. `reason` is the code.
  void on_unreadable(Text whole, size_t total_bytes, std::string_view reason);
  void on_malformed(char type, Text whole);
  [[nodiscard]] bool is_waiting() const;
  void resume_client();

  // session_judging.cc and session_holding.cc
  struct Judged {
    policies::Verdict strictest;
    std::vector<policies::Verdict> each;  // one a statement
    std::vector<RequestedStatement> statements;
    std::vector<std::shared_ptr<const void>> owners;
    std::shared_ptr<const parser::TextFacts> text_facts;
    void add(RequestedStatement statement, policies::Verdict verdict);
  };
  [[nodiscard]] parser::postgres::Reading current_reading() const;
  [[nodiscard]] bool is_walsender_command(Text text) const;
  // Whether even texts that the scanner calls harmless need their facts: after a refused restore, or by a rule.
  [[nodiscard]] bool must_read_harmless() const;
  void judge_text(char type, Text whole, Text text, std::string_view name);
  // Whether the limits leave room for one more prepared statement that has to be remembered.
  [[nodiscard]] bool may_remember(size_t text_bytes) const;
  // Whether the policy lets every statement of a text pass whoever sends it and whatever its names mean.
  [[nodiscard]] bool passes_unseen(const parser::TextFacts& facts) const;
  // Forwards such a text, or an Execute of it, without a verdict; what it leaves behind is tracked all the same.
  void forward_unseen(char type, Text whole, const std::shared_ptr<const parser::TextFacts>& facts);
  void on_facts(HeldMessage held, const std::shared_ptr<const parser::TextFacts>& facts);
  void judge_use(HeldMessage held, const PreparedRef& prepared);
  Judged judge_statements(const std::shared_ptr<const parser::TextFacts>& facts, Text text);
  Judged judge_prepared(const PreparedRef& prepared);
  policies::Verdict judge_one(const parser::StatementFacts& facts, const TrackedState& state) const;
  policies::Verdict judge_execute(const parser::StatementFacts& execute, const TrackedState& state,
                                  const std::vector<RequestedStatement>& before, Judged& judged,
                                  RequestedStatement& resolved);
  // The state in which a message that is forwarded now will run, as far as it is certain.
  [[nodiscard]] TrackedState state_ahead() const;
  [[nodiscard]] bool waits_for_earlier_batch() const;
  void apply_ahead(TrackedState& state, const parser::StatementFacts& facts, Text text) const;
  // Holds a message until the answers to earlier batches have told what `name` means, then takes it up again.
  void hold_for_answers(char type, Text whole, const PreparedStatements& names, std::string_view name);
  void retry_held();
  // A held message that the server will skip: an error has come while it waited. True: it is gone.
  bool drop_held_if_skipped();
  void register_definition(const RequestedStatement& statement, const RequestDetails& details,
                           parser::postgres::Reading reading);
  void release_held();
  [[nodiscard]] policies::Subject subject(const TrackedState& state) const;
  // What names mean in `state`, without those whose bytes may name something else on the server.
  [[nodiscard]] policies::SessionNames session_names(const TrackedState& state) const;
  [[nodiscard]] bool refuses(const policies::Verdict& verdict) const;
  bool is_first_use(const parser::StatementFacts& facts);
  void admit(HeldMessage held, Judged judged, Text text, bool executes);
  void refuse(char type, std::string_view name, const policies::Verdict& verdict, const std::string& ref);
  void send_held(HeldMessage held);
  std::string reference();
  [[nodiscard]] std::string notice_for(const policies::Verdict& verdict, std::string_view ref) const;
  [[nodiscard]] std::string refusal_message(const policies::Verdict& verdict, std::string_view ref) const;

  // session_server.cc
  void process_server(Text in);
  bool needs_whole(char type) const;
  size_t take_server_message(Text in);
  // The messages at the front that are here whole, one after the other; answers how many bytes they are.
  size_t take_whole_server_messages(Text in);
  bool server_header_is_acceptable(Text header);
  // A message that is here whole: looked at, then forwarded, replaced or swallowed.
  void on_server_message(Text whole);
  // Looks at the type of a message whose body is only passed on.
  void on_server_header(char type);
  void on_command_complete(std::string_view tag);
  // False: the error is not forwarded as it came.
  bool on_error_response(const parser::postgres::ErrorFields& error);
  void on_ready_for_query(char status);
  void on_parameter_status(const parser::postgres::ParameterStatus& status);
  void note_encodings();
  void on_copy_in();
  // The COPY of the oldest request is over.
  void end_copy(bool failed);
  void settle_ambiguous(PendingRequest& request, char status);
  [[nodiscard]] size_t inspected_bytes(Text header) const;
  // The oldest request must be of `type`; otherwise the two sides are out of step and the session ends.
  bool expect(char type);
  void fail_request(std::string_view sqlstate, TransactionJournal::Outcomes& outcomes);
  void statement_done(std::string_view tag);
  void on_upstream_tls_reply(Text in);
  void apply_effects(const RequestedStatement& statement, std::string_view text, std::string_view tag);
  void pop_request();
  void skip_to_sync();
  void emit_notice();
  void rebuild_in_flight();
  void end_if_draining();
  void note_block(const parser::StatementFacts& facts);
  void on_transaction_end();

  // session_audit.cc
  policies::AuditRecord new_record(policies::AuditEvent event) const;
  void audit_session_event(std::string_view action, std::string_view detail);
  // The ticket that links outcomes to the record; 0 when nothing was written or the record is final.
  uint64_t audit_statement(const parser::StatementFacts& facts, const policies::Verdict& verdict, Text text,
                           uint32_t part, bool refused, const std::string& ref, bool wait);
  void audit_outcomes(const TransactionJournal::Outcomes& outcomes);
  // PREPARE TRANSACTION takes `prepared` along; COMMIT and ROLLBACK PREPARED settle what one took.
  void two_phase_done(const parser::StatementFacts& facts, Text tag, const std::vector<uint64_t>& prepared,
                      TransactionJournal::Outcomes& outcomes);
  void finish_audit();
  // The statement of `ticket` as the catalog may be asked about it; with the ticket alone when it was not kept.
  [[nodiscard]] policies::LostStatement lost_statement(uint64_t ticket, bool answered) const;
  void settle_later(std::vector<policies::LostTransaction> lost);

  // What every phase shares.
  void close_with(std::string_view sqlstate, std::string_view message, std::string_view hint = {});
  const GuardView& view() const { return *view_; }
  void refresh_view();

  SessionSettings settings_;
  SessionServices& services_;
  const GuardView* view_ = nullptr;

  // Client leg.
  std::string client_partial_;  // the beginning of a message that is not complete
  std::string client_backlog_;  // bytes behind a message that waits
  size_t client_rest_ = 0;      // bytes of the current message still to come and to be streamed
  bool client_rest_dropped_ = false;
  bool client_holds_whole_ = false;  // the message in client_partial_ has to be judged: hold it to its end
  size_t held_reserved_ = 0;
  std::optional<HeldMessage> held_;
  uint64_t next_job_ = 0;
  bool client_tls_ = false;
  bool saw_ssl_request_ = false;
  bool saw_gss_request_ = false;
  bool client_closed_ = false;
  bool terminated_ = false;     // Terminate was forwarded: nothing behind it is read, answers still come
  bool client_paused_ = false;  // requests pipelined behind the login wait for its end
  std::string client_certificate_;
  uint32_t client_minor_ = 0;
  std::vector<std::pair<std::string, std::string>> startup_parameters_;
  uint32_t upstream_version_ = 0;
  bool replication_ = false;

  // Server leg.
  std::string server_partial_;
  size_t server_rest_ = 0;
  std::string upstream_address_;
  bool server_tls_ = false;
  bool sasl_offered_ = false;
  bool sasl_answered_ = false;
  Text awaited_answer_;  // "password" or "SASL": the server takes nothing else from the client now
  bool login_failed_ = false;

  // Requests and state.
  PendingRequests pending_;
  size_t pending_uncertain_ = 0;
  size_t answered_uncertain_ = 0;  // of those: answered, but their ParameterStatus comes with ReadyForQuery
  size_t pending_notices_ = 0;
  size_t pending_ends_ = 0;    // of those: may end a transaction
  size_t optional_ready_ = 0;  // a failed COPY may have left this many Syncs to be answered, or not
  bool server_skips_ = false;  // the server ignores everything up to the next Sync
  bool copy_in_ = false;       // the server reads CopyData and ignores Sync and Flush (G42)
  bool transaction_failed_ = false;
  bool unsynced_ = false;       // extended messages were forwarded since the last Sync
  LossCircumstances loss_;      // what is known should the connection break now
  std::string fatal_sqlstate_;  // of the server's last words
  uint64_t batch_ = 0;
  int server_major_ = 0;          // as reported; 0: not yet
  bool commit_in_doubt_ = false;  // the server may lose the transaction and yet say that it is idle
  TrackedState confirmed_;
  TrackedState in_flight_;
  PreparedStatements statements_;
  PreparedStatements portals_;
  TransactionJournal journal_;
  parser::postgres::Reading reading_;  // as the server has reported it
  bool reading_moved_ = false;         // and it has reported another one before: a rollback may bring that back
  std::string client_encoding_, server_encoding_;
  bool names_are_converted_ = false;  // an encoding other than UTF-8 has been in use on either side
  std::string session_authorization_;
  bool superuser_ = true;  // as reported; one that does not say so is taken for one
  bool draining_ = false;

  // Guarding.
  std::shared_ptr<const policies::AuditSession> audit_session_;
  std::string application_;
  uint64_t message_number_ = 0;
  RefusalAftermath aftermath_;
  bool saw_unjudged_ = false;  // a PREPARE may have gone by unread: prepared names may be unknown
  bool logged_in_ = false;
  bool audit_finished_ = false;
  struct OpenStatement {
    absl::Time since;
    std::shared_ptr<const policies::LostStatement> kept;  // null when the guard may not look at the catalog
  };
  absl::flat_hash_map<uint64_t, OpenStatement> open_tickets_;  // audited statements without an outcome
  bool saw_unseen_code_ = false;                               // a routine may have moved the search_path
  bool names_are_settled_ = true;  // nothing unanswered may change what the names of the message mean
};

}  // namespace schemaguard::proxy::postgres
