#include "proxy/mysql/session.h"

#include <utility>

#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::mysql::kPacketHeaderBytes;

namespace {

std::string_view as_text(Bytes bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

// How MySQL says what PostgreSQL's SQLSTATE says; the driver speaks in the latter (WireSession::terminate).
struct ErrorCode {
  uint16_t number;
  std::string_view sqlstate;
};
ErrorCode error_for(std::string_view sqlstate) {
  if (sqlstate == "53300") return {parser::mysql::kErrTooManyConnections, "08004"};
  if (sqlstate == "57014") return {parser::mysql::kErrReadTimedOut, "08S01"};
  return {parser::mysql::kErrServerShutdown, "08S01"};
}

}  // namespace

PendingCommand::PendingCommand(parser::mysql::Command which, parser::mysql::Capabilities capabilities)
    : command(which), reply(parser::mysql::command_row(which).reply, capabilities) {}

SessionCore::SessionCore(SessionSettings settings, SessionServices& services)
    : settings_(std::move(settings)), services_(services) {
  state_.reading.forget_settings();
}

SessionCore::~SessionCore() {
  finish_audit();
  release_reserved();
}

void SessionCore::refresh_view() { view_ = &services_.view(state_.database()); }

void SessionCore::release_written() {
  to_client_.release_written();
  to_server_.release_written();
}

void SessionCore::step_done() {
  if (step_ != Step::kFlushThenClose) step_ = Step::kContinue;
}

bool SessionCore::finish_server_leg() const {
  return phase_ == Phase::kReady && (quit_ || (client_closed_ && !held_ && client_backlog_.empty()));
}

bool SessionCore::in_transaction() const {
  return (status_ & (parser::mysql::kStatusInTransaction | parser::mysql::kStatusInTransactionReadOnly)) != 0;
}

void SessionCore::feed_client(Text bytes) {
  release_written();
  if (!client_backlog_.empty()) {
    client_backlog_.append(bytes);
    resume_client();
    return;
  }
  process_client(bytes);
}

void SessionCore::feed_server(Text bytes) {
  release_written();
  if (phase_ == Phase::kClosing) return;
  process_server(bytes);
  if (phase_ == Phase::kClosing) return;
  retry_held();
  resume_client();
  end_if_draining();
}

bool SessionCore::wants_client_bytes() const {
  if (client_closed_ || quit_ || step_ != Step::kContinue) return false;
  // While a command waits for an answer one read more is kept back. It is the client's end that must not be missed:
  // told of it, MariaDB ends the wait of a GET_LOCK or SLEEP at once.
  if (is_waiting() && (phase_ != Phase::kReady || !client_backlog_.empty())) return false;
  return phase_ == Phase::kAwaitLogin || phase_ == Phase::kAuthenticating || phase_ == Phase::kReady;
}

size_t SessionCore::client_read_max() const {
  if (phase_ == Phase::kReady) return SIZE_MAX;
  if (client_partial_.size() < kPacketHeaderBytes) return kPacketHeaderBytes - client_partial_.size();
  const size_t length = parser::mysql::decode_packet_header(client_partial_).length;
  return kPacketHeaderBytes + length - client_partial_.size();
}

bool SessionCore::wants_server_bytes() const {
  return phase_ == Phase::kGreeting || phase_ == Phase::kAuthenticating || phase_ == Phase::kReady;
}

void SessionCore::on_client_closed() {
  release_written();
  client_closed_ = true;
  if (phase_ == Phase::kClosing) return;
  // Commands are under way: their answers may still be wanted by a client that has only finished sending.
  if (phase_ == Phase::kReady && (!pending_.empty() || held_ || quit_)) return;
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

void SessionCore::on_server_closed() {
  release_written();
  if (phase_ == Phase::kGreeting || phase_ == Phase::kUpstreamTls) {
    on_upstream_failed(upstream_address_, "the server closed the connection");
    return;
  }
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
  finish_audit();
}

void SessionCore::close_with(uint16_t error, std::string_view sqlstate, std::string_view message) {
  if (phase_ == Phase::kClosing) return;
  // A packet in the middle of another one would not be read as what it is, nor a plain one inside a TLS handshake.
  if (server_rest_ == 0 && phase_ != Phase::kClientTls) {
    const bool greeted = phase_ != Phase::kConnecting && phase_ != Phase::kGreeting;
    const auto sequence = static_cast<uint8_t>(greeted ? closing_sequence_ + 1 : 0);
    to_client_.own(parser::mysql::encode_err(error, sqlstate, message, sequence));
  }
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

void SessionCore::protocol_violation(std::string_view message) {
  services_.count("protocol_violations");
  close_with(parser::mysql::kErrMalformedPacket, "HY000", message);
}

void SessionCore::terminate(std::string_view sqlstate, std::string_view message) {
  release_written();
  const ErrorCode error = error_for(sqlstate);
  close_with(error.number, error.sqlstate, message);
}

void SessionCore::drain() {
  release_written();
  draining_ = true;
  if (phase_ == Phase::kReady) {
    end_if_draining();
  } else {
    close_with(parser::mysql::kErrServerShutdown, "08S01", "schemaguard is shutting down; connect again");
  }
}

void SessionCore::end_if_draining() {
  if (!draining_ || phase_ != Phase::kReady || in_transaction() || !pending_.empty() || held_) return;
  if (!client_partial_.empty() || client_rest_ > 0 || client_chain_ || server_rest_ > 0) return;
  if (state_.holds_locks()) return;  // in the middle of a cut-over or a migration (design section 8)
  // Read by the client as the answer to its next command.
  closing_sequence_ = 0;
  close_with(parser::mysql::kErrServerShutdown, "08S01", "schemaguard is shutting down; connect again");
}

Session::Session(SessionSettings settings, SessionServices& services)
    : core_(std::make_unique<SessionCore>(std::move(settings), services)) {}
Session::~Session() = default;

void Session::feed_client(Bytes bytes) { core_->feed_client(as_text(bytes)); }
void Session::feed_server(Bytes bytes) { core_->feed_server(as_text(bytes)); }
void Session::on_client_closed() { core_->on_client_closed(); }
void Session::on_server_closed() { core_->on_server_closed(); }
void Session::on_client_tls(std::string client_certificate_common_name) {
  core_->on_client_tls(std::move(client_certificate_common_name));
}
void Session::on_upstream_connected(std::string address) { core_->on_upstream_connected(std::move(address)); }
void Session::on_upstream_tls() { core_->on_upstream_tls(); }
void Session::on_upstream_failed(std::string_view address, std::string_view cause) {
  core_->on_upstream_failed(address, cause);
}
void Session::on_parsed(uint64_t job_id, std::shared_ptr<const parser::TextFacts> facts) {
  core_->release_written();
  core_->on_parsed(job_id, std::move(facts));
}
void Session::on_audit_written(uint64_t ticket, bool ok) {
  core_->release_written();
  core_->on_audit_written(ticket, ok);
}
void Session::drain() { core_->drain(); }
bool Session::must_not_be_cut() const { return core_->phase_ == Phase::kReady && core_->state_.holds_locks(); }
void Session::terminate(std::string_view sqlstate, std::string_view message) { core_->terminate(sqlstate, message); }
Step Session::step() const { return core_->step_; }
void Session::step_done() { core_->step_done(); }
bool Session::wants_client_bytes() const { return core_->wants_client_bytes(); }
size_t Session::client_read_max() const { return core_->client_read_max(); }
bool Session::wants_server_bytes() const { return core_->wants_server_bytes(); }
Pieces Session::take_to_client() { return core_->to_client_.take(); }
Pieces Session::take_to_server() { return core_->to_server_.take(); }
const CancelKey& Session::cancel_request() const {
  static const CancelKey kNone;
  return kNone;
}
const CancelKey& Session::server_cancel_key() const { return cancel_request(); }
bool Session::finish_server_leg() const { return core_->finish_server_leg(); }
bool Session::logged_in() const { return core_->logged_in_; }
bool Session::in_transaction() const { return core_->in_transaction(); }
const std::string& Session::user() const { return core_->user_; }
const std::string& Session::database() const { return core_->state_.database(); }

}  // namespace schemaguard::proxy::mysql
