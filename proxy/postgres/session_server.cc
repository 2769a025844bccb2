// Server messages after the login: relaying, pairing with requests, and what the answers say about state and outcome
// (G19-G43, G52-G55; evasion sections 4 and 8).
#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "parser/postgres/message_header.h"
#include "parser/postgres/settings.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

namespace backend = parser::postgres::backend;
namespace frontend = parser::postgres::frontend;
using parser::PreparedUse;
using parser::TransactionControl;
using parser::postgres::Certainty;
using parser::postgres::kHeaderBytes;
using parser::postgres::message_bytes;
using policies::Outcome;

namespace {

// The most of one message that is held to be looked at whole; the server's own errors stay far below.
constexpr size_t kInspectedBytesMax = 1024UL * 1024;

constexpr int kServerWithBatchBlocks = 18;

}  // namespace

void SessionCore::process_server(Text in) {
  if (phase_ == Phase::kUpstreamTlsReply) {
    on_upstream_tls_reply(in);
    return;
  }
  while (!in.empty() && phase_ != Phase::kClosing) {
    if (phase_ == Phase::kReady && server_rest_ == 0 && server_partial_.empty()) {
      in.remove_prefix(take_whole_server_messages(in));
      if (in.empty() || phase_ == Phase::kClosing) return;
    }
    in.remove_prefix(take_server_message(in));
  }
}

size_t SessionCore::take_whole_server_messages(Text in) {
  const char* const first = in.data();
  size_t forwarded = 0;  // of `in`
  size_t end = 0;        // behind the last message that has been looked at
  while (in.size() - end >= kHeaderBytes) {
    const Text rest(first + end, in.size() - end);
    const uint32_t length = parser::postgres::length_word(rest);
    // take_server_message() deals with the others: those that are not here whole, or not acceptable.
    if (length < 4 || length >= rest.size() || length >= kInspectedBytesMax) break;
    const char type = rest[0];
    const Text whole(rest.data(), size_t{length} + 1);
    if (backend::kPassedTypes.contains(type) && pending_notices_ == 0) {
      end += whole.size();
      continue;
    }
    if (!backend::kTypes.contains(type) || backend::kLoginTypes.contains(type)) break;
    // What comes now may have something to say itself.
    to_client_.borrow(Text(first + forwarded, end - forwarded));
    forwarded = end;
    end += whole.size();
    if (needs_whole(type)) {
      on_server_message(whole);
      forwarded = end;
    } else {
      on_server_header(type);
    }
    if (phase_ == Phase::kClosing) return in.size();
  }
  to_client_.borrow(Text(first + forwarded, end - forwarded));
  return end;
}

bool SessionCore::server_header_is_acceptable(Text header) {
  const uint32_t length = parser::postgres::length_word(header);
  const char type = header[0];
  const bool streams = phase_ == Phase::kReady && (!needs_whole(type) || type == backend::kErrorResponse);
  const size_t most = streams ? parser::postgres::kMessageLengthMax : kInspectedBytesMax;
  const bool in_place = phase_ != Phase::kReady || !backend::kLoginTypes.contains(type);
  if (backend::kTypes.contains(type) && in_place && length >= 4 && length <= most) return true;
  protocol_violation("schemaguard: malformed message from the server");
  return false;
}

size_t SessionCore::inspected_bytes(Text header) const {
  if (!needs_whole(header[0])) return kHeaderBytes;
  // What an error is stands at its front; a text that it quotes may be of any length.
  return std::min(message_bytes(header), kInspectedBytesMax);
}

size_t SessionCore::take_server_message(Text in) {
  if (server_rest_ > 0) {
    const size_t passed = std::min(in.size(), server_rest_);
    to_client_.borrow(in.substr(0, passed));
    server_rest_ -= passed;
    return passed;
  }
  Text message = in;
  size_t taken = 0;
  const bool at_hand = server_partial_.empty() && in.size() >= kHeaderBytes;
  if (at_hand && !server_header_is_acceptable(in)) return in.size();
  if (!at_hand || in.size() < inspected_bytes(in)) {
    // The header, or what must be looked at, is not complete: keep what is here.
    const auto fill = [&](size_t wanted) {
      const size_t more = std::min(in.size() - taken, wanted - std::min(wanted, server_partial_.size()));
      server_partial_.append(in.substr(taken, more));
      taken += more;
      return server_partial_.size() >= wanted;
    };
    if (!fill(kHeaderBytes)) return taken;
    if (!server_header_is_acceptable(server_partial_)) return in.size();
    if (!fill(inspected_bytes(server_partial_))) return taken;
    message = to_client_.keep(std::move(server_partial_));
    server_partial_ = std::string();
  }
  const size_t total = message_bytes(message);
  if (needs_whole(message[0]) && message.size() >= total) {
    on_server_message(message.substr(0, total));
    return taken > 0 ? taken : total;
  }
  if (needs_whole(message[0])) {
    if (!on_error_response(parser::postgres::decode_error_prefix(message.substr(kHeaderBytes)))) {
      protocol_violation("schemaguard: malformed message from the server");
    }
  } else {
    on_server_header(message[0]);
  }
  if (phase_ == Phase::kClosing) return in.size();
  const size_t passed = std::min(message.size(), total);
  to_client_.borrow(message.substr(0, passed));
  server_rest_ = total - passed;
  return taken > 0 ? taken : passed;
}

void SessionCore::on_upstream_tls_reply(Text in) {
  // G2, CVE-2021-23222: anything behind the one answer byte was not encrypted.
  if (in.size() != 1) {
    services_.count("protocol_violations");
    on_upstream_failed(upstream_address_, "unencrypted data after the answer to SSLRequest");
    return;
  }
  if (in[0] == 'S') {
    phase_ = Phase::kUpstreamTls;
    step_ = Step::kStartUpstreamTls;
  } else if (in[0] == 'N' && settings_.server->upstream.tls == ServerTlsMode::kPrefer) {
    send_startup();
  } else if (in[0] == 'N') {
    on_upstream_failed(upstream_address_, "the server does not support TLS, but upstream.tls asks for it");
  } else {
    // G3: an error before TLS is not authentic; its text is not shown.
    on_upstream_failed(upstream_address_, "the server refused to negotiate TLS");
  }
}

bool SessionCore::needs_whole(char type) const {
  if (phase_ != Phase::kReady) return true;
  switch (type) {
    case backend::kReadyForQuery:
    case backend::kCommandComplete:
    case backend::kErrorResponse:
    case backend::kParameterStatus:
      return true;
    default:
      return false;
  }
}

void SessionCore::on_server_message(Text whole) {
  const char type = whole[0];
  const Text body = whole.substr(kHeaderBytes);
  if (phase_ != Phase::kReady) {
    authentication_from_server(type, body, whole);
    return;
  }
  if (pending_notices_ > 0 && type != backend::kParameterStatus) emit_notice();
  switch (type) {
    case backend::kReadyForQuery: {
      const auto status = parser::postgres::decode_ready_for_query(body);
      if (!status) break;
      to_client_.borrow(whole);  // before what the end of a session may have to say
      on_ready_for_query(*status);
      return;
    }
    case backend::kCommandComplete: {
      const auto tag = parser::postgres::decode_command_complete(body);
      if (!tag) break;
      on_command_complete(*tag);
      if (phase_ != Phase::kClosing) to_client_.borrow(whole);
      return;
    }
    case backend::kParameterStatus: {
      const auto status = parser::postgres::decode_parameter_status(body);
      if (!status) break;
      on_parameter_status(*status);
      to_client_.borrow(whole);
      return;
    }
    case backend::kErrorResponse: {
      const auto error = parser::postgres::decode_error_fields(body);
      if (!error) break;
      if (on_error_response(*error)) to_client_.borrow(whole);
      return;
    }
    default:
      break;
  }
  protocol_violation("schemaguard: malformed message from the server");
}

bool SessionCore::expect(char type) {
  pending_.pop_copy_ends();
  optional_ready_ = 0;  // what is answered now was sent behind all of them
  if (!pending_.empty() && pending_.front().type == type) return true;
  protocol_violation("schemaguard: the server's answer does not match any request");
  return false;
}

void SessionCore::on_server_header(char type) {
  if (pending_notices_ > 0 && type != backend::kNoticeResponse && type != backend::kNotificationResponse) emit_notice();
  switch (type) {
    case backend::kParseComplete:
      if (!expect(frontend::kParse)) return;
      if (pending_.front().registered) statements_.confirm();
      pop_request();
      return;
    case backend::kBindComplete:
      if (!expect(frontend::kBind)) return;
      if (pending_.front().registered) portals_.confirm();
      pop_request();
      return;
    case backend::kCloseComplete:
      if (!expect(frontend::kClose)) return;
      if (const RequestDetails* details = pending_.front().details.get()) {
        (details->target == 'S' ? statements_ : portals_).erase(details->name);
      }
      pop_request();
      return;
    case backend::kNoData:
      if (expect(frontend::kDescribe)) pop_request();
      return;
    case backend::kRowDescription:
      pending_.pop_copy_ends();
      if (!pending_.empty() && pending_.front().type == frontend::kDescribe) pop_request();
      return;
    case backend::kPortalSuspended:
      if (!expect(frontend::kExecute)) return;
      statement_done({});
      pop_request();
      return;
    case backend::kEmptyQueryResponse:
      pending_.pop_copy_ends();
      if (pending_.empty()) return;
      pending_.front().answered = true;
      if (pending_.front().type == frontend::kExecute) pop_request();
      return;
    case backend::kFunctionCallResponse:
      if (!expect(frontend::kFunctionCall)) return;
      pending_.front().answered = true;
      statement_done({});
      return;
    case backend::kCopyInResponse:
      pending_.pop_copy_ends();
      on_copy_in();
      return;
    default:
      return;  // rows, copy data, notices, notifications: passed on in order
  }
}

void SessionCore::on_copy_in() {
  // From now to the end of the copy the server ignores Sync: one that is already on its way gets no answer (G42).
  copy_in_ = true;
  for (size_t i = 1; i < pending_.size(); ++i) {
    const char type = pending_.at(i).type;
    if (type == frontend::kSync) {
      pending_.at(i).in_copy = true;
      continue;
    }
    if (type == frontend::kCopyDone || type == frontend::kCopyFail) {
      copy_in_ = false;  // the client has sent this copy's end already
      pending_.erase(i);
    }
    return;
  }
}

void SessionCore::end_copy(bool failed) {
  copy_in_ = false;
  // A copy that has come to its end has ignored them all; one that has failed may have done so before it read them,
  // and then each is a Sync like any other.
  while (pending_.size() > 1 && pending_.at(1).in_copy) {
    pending_.erase(1);
    if (failed) ++optional_ready_;
  }
}

void SessionCore::pop_request() {
  PendingRequest& request = pending_.front();
  if (request.uncertain) {
    if (request.type == frontend::kExecute || request.type == frontend::kBind) {
      ++answered_uncertain_;  // settled by the ParameterStatus before the next ReadyForQuery
    } else {
      --pending_uncertain_;
    }
  }
  if (request.details && !request.details->notice.empty()) --pending_notices_;
  if (request.ends_transaction) --pending_ends_;
  pending_.pop();
}

void SessionCore::emit_notice() {
  pending_.pop_copy_ends();
  if (pending_.empty()) return;
  RequestDetails* details = pending_.front().details.get();
  if (details == nullptr || details->notice.empty()) return;
  to_client_.own(std::move(details->notice));
  details->notice.clear();
  --pending_notices_;
}

void SessionCore::apply_effects(const RequestedStatement& statement, std::string_view text, std::string_view tag) {
  const parser::StatementFacts& facts = *statement.facts;
  switch (facts.prepared) {
    case PreparedUse::kNone:
    case PreparedUse::kExecute:
      break;
    case PreparedUse::kPrepare:
      if (!facts.inner.empty()) statements_.confirm();
      return;
    case PreparedUse::kDeallocate:
      statements_.erase(facts.prepared_name);
      return;
    case PreparedUse::kDeallocateAll:
      statements_.clear();  // DISCARD ALL does this and more
      break;
  }
  const bool commits =
      facts.transaction == TransactionControl::kCommit || facts.transaction == TransactionControl::kPrepareTransaction;
  if (commits && tag == "ROLLBACK") {
    confirmed_.apply_rollback(facts);  // G55
  } else {
    confirmed_.apply(facts, text);
  }
}

void SessionCore::statement_done(std::string_view tag) {
  PendingRequest& request = pending_.front();
  if (!request.details) {
    ++request.parts_done;
    return;
  }
  RequestDetails& details = *request.details;
  if (details.ambiguous || request.parts_done >= details.statements.size()) return;
  RequestedStatement& statement = details.statements[request.parts_done];
  ++request.parts_done;
  apply_effects(statement, effect_text(statement, details.text), tag);
  TransactionJournal::Outcomes outcomes;
  std::vector<uint64_t> prepared;
  journal_.on_complete(statement.ticket, statement.facts, tag, outcomes, prepared);
  statement.ticket = 0;
  note_block(*statement.facts);
  two_phase_done(*statement.facts, tag, prepared, outcomes);
  audit_outcomes(outcomes);
}

void SessionCore::note_block(const parser::StatementFacts& facts) {
  switch (facts.transaction) {
    case TransactionControl::kNone:
    case TransactionControl::kSavepoint:
    case TransactionControl::kRollbackToSavepoint:
    case TransactionControl::kRelease:
    case TransactionControl::kCommitPrepared:
    case TransactionControl::kRollbackPrepared:
      return;
    case TransactionControl::kBegin:
      loss_.in_block = true;
      return;
    case TransactionControl::kCommit:
    case TransactionControl::kRollback:
    case TransactionControl::kPrepareTransaction:
      loss_.in_block = facts.chain;
      return;
  }
}

void SessionCore::on_command_complete(std::string_view tag) {
  pending_.pop_copy_ends();
  end_copy(false);
  optional_ready_ = 0;
  if (pending_.empty()) {
    protocol_violation("schemaguard: the server's answer does not match any request");
    return;
  }
  pending_.front().answered = true;
  const char type = pending_.front().type;
  if (type == frontend::kQuery) {
    statement_done(tag);
  } else if (type == frontend::kExecute) {
    statement_done(tag);
    pop_request();
  } else {
    protocol_violation("schemaguard: the server's answer does not match any request");
  }
}

void SessionCore::fail_request(std::string_view sqlstate, TransactionJournal::Outcomes& outcomes) {
  PendingRequest& request = pending_.front();
  if (!request.details) return;
  RequestDetails& details = *request.details;
  for (size_t i = request.parts_done; i < details.statements.size(); ++i) {
    RequestedStatement& statement = details.statements[i];
    const bool begun = request.type == frontend::kQuery || request.type == frontend::kExecute;
    if (begun && statement.facts->prepared == PreparedUse::kPrepare && !statement.facts->inner.empty()) {
      statements_.skip();
    }
    if (statement.ticket != 0)
      outcomes.push_back({.ticket = statement.ticket, .outcome = Outcome::kFailed, .sqlstate = std::string(sqlstate)});
    statement.ticket = 0;
  }
}

bool SessionCore::on_error_response(const parser::postgres::ErrorFields& error) {
  pending_.pop_copy_ends();
  end_copy(true);
  bool forward = true;
  if (!pending_.empty()) {
    const RequestDetails* details = pending_.front().details.get();
    if (details != nullptr && details->refusal && is_rejection_of(*details->refusal, error)) {
      to_client_.own(rewrite_rejection(*details->refusal, error));
      forward = false;
    }
  }
  if (error.is_fatal()) {
    // The connection is closing; what is in flight is settled when it has closed.
    loss_.said_fatal = true;
    fatal_sqlstate_ = std::string(error.get('C').substr(0, 5));
    const std::string_view severity = error.get('V');
    loss_.stopped_before_commit =
        ends_backend_before_commit(severity.empty() ? error.get('S') : severity, fatal_sqlstate_);
    return forward;
  }
  transaction_failed_ = true;
  if (pending_.empty()) return true;
  PendingRequest& request = pending_.front();
  request.answered = true;
  const std::string_view sqlstate = error.get('C');
  TransactionJournal::Outcomes outcomes;
  fail_request(sqlstate, outcomes);
  journal_.on_error(0, sqlstate, outcomes);
  audit_outcomes(outcomes);
  request.failed = true;
  if (request.type == frontend::kQuery || request.type == frontend::kFunctionCall || request.type == frontend::kSync) {
    return forward;  // ReadyForQuery follows
  }
  if (request.registered) (request.type == frontend::kParse ? statements_ : portals_).fail();
  pop_request();
  skip_to_sync();
  return forward;
}

void SessionCore::skip_to_sync() {
  if (optional_ready_ > 0 && !pending_.empty()) {
    bool sync_is_due = false;
    for (size_t i = 0; i < pending_.size(); ++i) sync_is_due = sync_is_due || pending_.at(i).type == frontend::kSync;
    // Behind a failed COPY the Sync that was sent in it ends the skipping, when no other one can.
    if (!sync_is_due) return;
  }
  TransactionJournal::Outcomes outcomes;
  while (!pending_.empty() && pending_.front().type != frontend::kSync) {
    PendingRequest& request = pending_.front();
    if (request.registered) (request.type == frontend::kParse ? statements_ : portals_).skip();
    fail_request({}, outcomes);
    pop_request();
  }
  audit_outcomes(outcomes);
  server_skips_ = pending_.empty();
  rebuild_in_flight();
}

void SessionCore::rebuild_in_flight() {
  in_flight_ = confirmed_;
  for (size_t i = 0; i < pending_.size(); ++i) {
    const PendingRequest& request = pending_.at(i);
    if (!request.details) continue;
    const RequestDetails& details = *request.details;
    if (request.type != frontend::kQuery && request.type != frontend::kExecute) continue;
    for (size_t part = request.parts_done; part < details.statements.size(); ++part) {
      const RequestedStatement& statement = details.statements[part];
      apply_ahead(in_flight_, *statement.facts, effect_text(statement, details.text));
    }
  }
}

void SessionCore::settle_ambiguous(PendingRequest& request, char status) {
  RequestDetails& details = *request.details;
  TransactionJournal::Outcomes outcomes;
  bool controls_transaction = false;
  for (size_t i = request.parts_done; i < details.statements.size(); ++i) {
    RequestedStatement& statement = details.statements[i];
    // More statements were read than the server has run, and nothing says which.
    if (statement.ticket != 0) outcomes.push_back({.ticket = statement.ticket, .outcome = Outcome::kUnknown});
    statement.ticket = 0;
    controls_transaction = controls_transaction || statement.facts->transaction != TransactionControl::kNone;
    if (statement.facts->prepared == PreparedUse::kPrepare && !statement.facts->inner.empty()) statements_.confirm();
  }
  if (controls_transaction || status == 'E') journal_.on_disconnect(Outcome::kUnknown, outcomes);
  confirmed_.forget_certainty();
  audit_outcomes(outcomes);
}

void SessionCore::on_transaction_end() {
  if (!journal_.empty()) {
    TransactionJournal::Outcomes outcomes;
    if (commit_in_doubt_) journal_.on_disconnect(Outcome::kUnknown, outcomes);
    journal_.on_ready('I', outcomes);
    audit_outcomes(outcomes);
  }
  const bool names_in_doubt = commit_in_doubt_ && confirmed_.transaction_changed_names();
  commit_in_doubt_ = false;
  confirmed_.on_idle(transaction_failed_);
  if (names_in_doubt) confirmed_.forget_certainty();
  transaction_failed_ = false;
  if (portals_.size() > 0) portals_.clear();
}

void SessionCore::on_ready_for_query(char status) {
  pending_.pop_copy_ends();
  end_copy(false);
  bool expected = false;
  if (!pending_.empty()) {
    const PendingRequest& oldest = pending_.front();
    const bool runs = oldest.type == frontend::kQuery || oldest.type == frontend::kFunctionCall;
    expected = oldest.type == frontend::kSync || (runs && (oldest.answered || optional_ready_ == 0));
  }
  if (!expected && optional_ready_ == 0) {
    protocol_violation("schemaguard: the server's answer does not match any request");
    return;
  }
  if (expected) {
    PendingRequest& request = pending_.front();
    const bool is_query = request.type == frontend::kQuery;
    if (is_query && request.details && !request.failed && request.parts_done < request.details->statements.size()) {
      settle_ambiguous(request, status);
    }
    // Since a batch is a transaction block of its own, a simple Query before its Sync has made the server lose all of
    // it and yet answer that it is idle (seen with 18.6). Older servers commit it with the Query.
    if (request.in_open_batch && server_major_ >= kServerWithBatchBlocks) commit_in_doubt_ = true;
    const bool lost_effects = request.failed && !in_flight_.same_as(confirmed_);
    // A simple Query begins by dropping the unnamed statement (evasion 84).
    if (is_query && statements_.knows({})) statements_.erase({});
    pop_request();
    pending_.pop_copy_ends();
    if (lost_effects && !pending_.empty()) rebuild_in_flight();
  } else {
    --optional_ready_;
    server_skips_ = false;
  }
  pending_uncertain_ -= answered_uncertain_;
  answered_uncertain_ = 0;
  transaction_status_ = status;
  loss_.in_block = status != 'I';
  if (status == 'I') on_transaction_end();
  if (!pending_.empty()) return;
  in_flight_ = confirmed_;
  if (aftermath_.disconnects()) {
    close_with("57P01", "schemaguard: session ended by the rule that refused its statement");
    return;
  }
  end_if_draining();
}

void SessionCore::end_if_draining() {
  if (!draining_ || phase_ != Phase::kReady || transaction_status_ != 'I' || !pending_.empty() || held_) return;
  if (unsynced_ && !server_skips_) return;  // an implicit transaction is open until its Sync
  close_with("57P01", "terminating connection due to administrator command");
}

void SessionCore::note_encodings() {
  names_are_converted_ = names_are_converted_ || client_encoding_ != "UTF8" || server_encoding_ != "UTF8";
}

void SessionCore::on_parameter_status(const parser::postgres::ParameterStatus& status) {
  const parser::postgres::Reading before = reading_;
  if (status.name == "standard_conforming_strings") {
    reading_.standard_conforming_strings = status.value == "on" ? Certainty::kYes : Certainty::kNo;
  } else if (status.name == "server_encoding") {
    server_encoding_ = std::string(status.value);
  } else if (status.name == "client_encoding") {
    client_encoding_ = std::string(status.value);
    reading_.ascii_safe_encoding =
        parser::postgres::encoding_is_ascii_safe(status.value) ? Certainty::kYes : Certainty::kNo;
  } else if (status.name == "session_authorization") {
    session_authorization_ = std::string(status.value);
  } else if (status.name == "is_superuser") {
    superuser_ = status.value != "off";
  } else if (status.name == "server_version") {
    std::from_chars(status.value.data(), status.value.data() + status.value.size(), server_major_);
  } else if (status.name == "search_path") {
    confirmed_.report_search_path(status.value);
  } else if (status.name == "application_name") {
    application_ = std::string(status.value);
  }
  if (phase_ != Phase::kReady) return;
  if (reading_ != before) reading_moved_ = true;
  note_encodings();
}

}  // namespace schemaguard::proxy::postgres
