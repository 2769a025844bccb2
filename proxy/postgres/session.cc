#include "proxy/postgres/session.h"

#include <utility>

#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {
namespace {

std::string_view as_text(Bytes bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

}  // namespace

SessionCore::SessionCore(SessionSettings settings, SessionServices& services)
    : settings_(std::move(settings)), services_(services) {
  reading_ = {.standard_conforming_strings = parser::postgres::Certainty::kUnknown,
              .ascii_safe_encoding = parser::postgres::Certainty::kUnknown};
}

SessionCore::~SessionCore() {
  finish_audit();
  release_held();
  if (!handed_out_key_.secret.empty()) services_.unregister_cancel_key(handed_out_key_);
}

void SessionCore::release_written() {
  to_client_.release_written();
  to_server_.release_written();
}

void SessionCore::step_done() {
  if (step_ != Step::kFlushThenClose) step_ = Step::kContinue;
}

bool SessionCore::finish_server_leg() const {
  return phase_ == Phase::kReady && (terminated_ || (client_closed_ && !held_ && client_backlog_.empty()));
}

void SessionCore::feed_client(std::string_view bytes) {
  release_written();
  if (!client_backlog_.empty()) {
    client_backlog_.append(bytes);
    resume_client();
    return;
  }
  process_client(bytes);
}

void SessionCore::feed_server(std::string_view bytes) {
  release_written();
  if (phase_ == Phase::kClosing) return;
  process_server(bytes);
  if (phase_ == Phase::kClosing) return;
  retry_held();
  resume_client();
}

bool SessionCore::wants_client_bytes() const {
  if (client_closed_ || terminated_ || step_ != Step::kContinue || is_waiting()) return false;
  switch (phase_) {
    case Phase::kAwaitStartup:
    case Phase::kAuthenticating:
    case Phase::kReady:
      return true;
    case Phase::kClientTls:
    case Phase::kConnecting:
    case Phase::kUpstreamTlsReply:
    case Phase::kUpstreamTls:
    case Phase::kClosing:
      return false;
  }
  return false;
}

bool SessionCore::wants_server_bytes() const {
  switch (phase_) {
    case Phase::kUpstreamTlsReply:
    case Phase::kAuthenticating:
    case Phase::kReady:
      return true;
    case Phase::kAwaitStartup:
    case Phase::kClientTls:
    case Phase::kConnecting:
    case Phase::kUpstreamTls:
    case Phase::kClosing:
      return false;
  }
  return false;
}

void SessionCore::on_client_closed() {
  release_written();
  client_closed_ = true;
  if (phase_ == Phase::kClosing) return;
  if (phase_ == Phase::kReady && (!pending_.empty() || held_ || terminated_)) {
    // Requests are under way: their answers may still be wanted by a client that has only finished sending (G22).
    return;
  }
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

void SessionCore::on_server_closed() {
  release_written();
  if (phase_ == Phase::kUpstreamTlsReply || phase_ == Phase::kUpstreamTls) {
    on_upstream_failed(upstream_address_, "the server closed the connection");
    return;
  }
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
  finish_audit();
}

void SessionCore::close_with(std::string_view sqlstate, std::string_view message, std::string_view hint) {
  if (phase_ == Phase::kClosing) return;
  // A message in the middle of another one would not be read as what it is.
  if (server_rest_ == 0 && phase_ != Phase::kClientTls) {
    to_client_.own(parser::postgres::encode_error({.severity = "FATAL",
                                                   .severity_localised = {},
                                                   .sqlstate = sqlstate,
                                                   .message = message,
                                                   .detail = {},
                                                   .hint = hint}));
  }
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

void SessionCore::terminate(std::string_view sqlstate, std::string_view message) {
  release_written();
  close_with(sqlstate, message);
}

void SessionCore::drain() {
  release_written();
  draining_ = true;
  if (phase_ == Phase::kReady) {
    end_if_draining();
  } else if (phase_ != Phase::kClosing) {
    close_with("57P01", "terminating connection due to administrator command");
  }
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
  core_->on_parsed(job_id, facts);
}
void Session::on_audit_written(uint64_t ticket, bool ok) {
  core_->release_written();
  core_->on_audit_written(ticket, ok);
}
void Session::drain() { core_->drain(); }
void Session::terminate(std::string_view sqlstate, std::string_view message) { core_->terminate(sqlstate, message); }
Step Session::step() const { return core_->step_; }
void Session::step_done() { core_->step_done(); }
bool Session::wants_client_bytes() const { return core_->wants_client_bytes(); }
bool Session::wants_server_bytes() const { return core_->wants_server_bytes(); }
Pieces Session::take_to_client() { return core_->to_client_.take(); }
Pieces Session::take_to_server() { return core_->to_server_.take(); }
const CancelKey& Session::cancel_request() const { return core_->cancel_request_; }
const CancelKey& Session::server_cancel_key() const { return core_->server_key_; }
bool Session::finish_server_leg() const { return core_->finish_server_leg(); }
bool Session::logged_in() const { return core_->phase_ == Phase::kReady; }
bool Session::in_transaction() const { return core_->transaction_status_ != 'I'; }
const std::string& Session::user() const { return core_->user_; }
const std::string& Session::database() const { return core_->database_; }

}  // namespace schemaguard::proxy::postgres
