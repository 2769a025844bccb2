// Framing and dispatch of client messages after the login (G17-G44, evasion section 4).
#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "parser/postgres/function_catalog.h"
#include "parser/postgres/message_header.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

namespace frontend = parser::postgres::frontend;
using parser::postgres::kHeaderBytes;
using parser::postgres::length_word;

namespace {

// What calling the function of this number means; nullopt when there is nothing to judge: the configuration lists it,
// or it only reads and writes large objects, which are data, and which pg_dump reaches by number.
std::optional<parser::StatementFacts> called_function_facts(uint32_t oid, const std::vector<uint32_t>& listed) {
  if (std::find(listed.begin(), listed.end(), oid) != listed.end()) return std::nullopt;
  parser::StatementFacts facts;
  facts.command = "FUNCTION CALL";
  const std::string_view large_object = parser::postgres::large_object_function(oid);
  if (large_object.empty()) {
    facts.classes.add(parser::StatementClass::kOpaque);
    facts.opaque = parser::OpaqueReason::kFunctionCall;
    facts.functions.push_back(fmt::format("oid {}", oid));
    return facts;
  }
  const auto effect = parser::postgres::function_effect(parser::postgres::function_kind({}, large_object));
  if (effect.opaque == parser::OpaqueReason::kUnprovedRoutine) return std::nullopt;
  facts.classes.add(effect.statement_class);
  facts.opaque = effect.opaque;
  facts.functions.emplace_back(large_object);
  return facts;
}

}  // namespace

bool SessionCore::is_waiting() const {
  return held_.has_value() || client_paused_ || pending_.size() >= settings_.config->limits.pending_requests_max;
}

void SessionCore::process_client(Text in) {
  while (!in.empty() && !terminated_) {
    if (is_waiting() && phase_ != Phase::kClosing) {
      client_backlog_.append(in);
      return;
    }
    size_t taken = 0;
    switch (phase_) {
      case Phase::kAwaitStartup:
        taken = startup_from_client(in);
        break;
      case Phase::kClientTls:
        protocol_violation("received unencrypted data after SSL request");
        return;
      case Phase::kConnecting:
      case Phase::kUpstreamTlsReply:
      case Phase::kUpstreamTls:
        client_backlog_.append(in);
        return;
      case Phase::kAuthenticating:
        taken = authentication_from_client(in);
        break;
      case Phase::kReady:
        taken = take_client_message(in);
        break;
      case Phase::kClosing:
        return;
    }
    in.remove_prefix(taken);
  }
}

void SessionCore::resume_client() {
  if (client_backlog_.empty() || is_waiting()) return;
  // The output may point into these bytes until it has been written.
  const Text backlog = to_server_.keep(std::move(client_backlog_));
  client_backlog_ = std::string();
  process_client(backlog);
}

bool SessionCore::is_ordinary(char type, uint32_t length) const {
  return frontend::kTypes.contains(type) && type != frontend::kSync && type != frontend::kFlush && length >= 4 &&
         length <= settings_.config->limits.small_message_bytes_max;
}

bool SessionCore::length_is_acceptable(char type, uint32_t length) {
  if (!frontend::kTypes.contains(type)) {
    protocol_violation(fmt::format("invalid frontend message type {}", static_cast<int>(static_cast<uint8_t>(type))));
    return false;
  }
  const size_t most = frontend::kSmallTypes.contains(type) ? settings_.config->limits.small_message_bytes_max
                                                           : parser::postgres::kMessageLengthMax;
  const bool empty = type == frontend::kSync || type == frontend::kFlush;
  if (length < 4 || length > most || (empty && length != 4)) {
    protocol_violation("invalid message length");
    return false;
  }
  return true;
}

size_t SessionCore::stream_client_body(Text in) {
  const size_t taken = std::min(in.size(), client_rest_);
  if (!client_rest_dropped_) to_server_.borrow(in.substr(0, taken));
  client_rest_ -= taken;
  return taken;
}

size_t SessionCore::take_client_message(Text in) {
  if (client_rest_ > 0) return stream_client_body(in);
  if (client_partial_.empty() && in.size() >= kHeaderBytes) {
    const uint32_t length = length_word(in);
    if (!is_ordinary(in[0], length) && !length_is_acceptable(in[0], length)) return in.size();
    const size_t total = size_t{length} + 1;
    if (on_client_message(in.substr(0, total), total)) return std::min(in.size(), total);
  }
  // Not enough yet: keep what is here. Grows with what arrives, never with what a length word claims (G17).
  size_t taken = 0;
  if (client_partial_.size() < kHeaderBytes) {
    taken = std::min(in.size(), kHeaderBytes - client_partial_.size());
    client_partial_.append(in.substr(0, taken));
    if (client_partial_.size() < kHeaderBytes) return taken;
    if (!length_is_acceptable(client_partial_[0], length_word(client_partial_))) return in.size();
  }
  const size_t total = size_t{length_word(client_partial_)} + 1;
  const size_t more = std::min(in.size() - taken, total - client_partial_.size());
  if (client_partial_.size() + more > held_reserved_ + settings_.config->limits.authentication_bytes_max) {
    // Texts beyond the size of a read are counted against the budget of all sessions.
    const size_t step = client_partial_.size() + more - held_reserved_;
    if (!services_.reserve_held_bytes(step)) {
      const Text partial = to_server_.keep(std::move(client_partial_));
      client_partial_ = std::string();
      release_held();
      on_unreadable(partial, total, "memory_budget");
      return taken;
    }
    held_reserved_ += step;
  }
  client_partial_.append(in.substr(taken, more));
  taken += more;
  std::string message = std::move(client_partial_);
  client_partial_ = std::string();
  const bool complete = message.size() == total;
  // Some messages go on before they are complete; one that has been found to need judging is held to its end.
  const bool may_stream = !client_holds_whole_ && message.size() <= settings_.config->limits.startup_bytes_max;
  if (!complete && !may_stream) {
    client_partial_ = std::move(message);
    return taken;
  }
  if (complete) client_holds_whole_ = false;
  const Text kept = to_server_.keep(std::move(message));
  if (!on_client_message(kept, total) && !complete) {
    client_partial_ = std::string(kept);
    return taken;
  }
  if (!held_) release_held();
  return taken;
}

void SessionCore::forward_client(Text whole, size_t total_bytes) {
  to_server_.borrow(whole);
  client_rest_ = total_bytes - whole.size();
  client_rest_dropped_ = false;
}

void SessionCore::drop_client_rest(Text whole, size_t total_bytes) {
  client_rest_ = total_bytes - whole.size();
  client_rest_dropped_ = true;
}

void SessionCore::push_request(PendingRequest&& request) {
  request.batch = batch_;
  if (request.uncertain) ++pending_uncertain_;
  if (request.ends_transaction) ++pending_ends_;
  if (request.details && !request.details->notice.empty()) ++pending_notices_;
  request.in_open_batch = unsynced_ && request.type == frontend::kQuery;
  const char type = request.type;
  pending_.push(std::move(request));
  note_pushed(type);
}

void SessionCore::push_plain(char type) {
  PendingRequest& request = pending_.push(type);
  request.batch = batch_;
  request.in_copy = type == frontend::kSync && copy_in_;
  request.in_open_batch = type == frontend::kQuery && unsynced_;
  note_pushed(type);
}

void SessionCore::note_pushed(char type) {
  const bool ends_batch = type == frontend::kSync || type == frontend::kQuery || type == frontend::kFunctionCall;
  unsynced_ = !ends_batch;
  if (ends_batch) ++batch_;
}

bool SessionCore::on_client_message(Text whole, size_t total_bytes) {
  const char type = whole[0];
  const bool complete = whole.size() == total_bytes;
  const size_t text_bytes_max = settings_.config->limits.message_bytes_max;
  if (server_skips_ && type != frontend::kSync && type != frontend::kTerminate) {
    // The server has failed this batch and ignores everything up to the next Sync (evasion 79). What it will not
    // read is not sent: it can neither run nor be taken for run.
    drop_client_rest(whole, total_bytes);
    return true;
  }
  const bool holds_text = type == frontend::kQuery || type == frontend::kParse;
  if (holds_text && total_bytes > text_bytes_max) {
    ++message_number_;
    on_unreadable(whole, total_bytes, "too_long");
    return true;
  }
  if (!complete) {
    const bool streams = type == frontend::kCopyData || type == frontend::kBind || type == frontend::kFunctionCall;
    if (!streams) return false;
  }
  switch (type) {
    case frontend::kQuery:
      ++message_number_;
      on_query(whole);
      return true;
    case frontend::kParse:
      ++message_number_;
      on_parse(whole);
      return true;
    case frontend::kBind:
      return on_bind(whole, total_bytes);
    case frontend::kExecute:
      ++message_number_;
      on_execute(whole);
      return true;
    case frontend::kFunctionCall:
      return on_function_call(whole, total_bytes);
    case frontend::kClose:
      on_close(whole);
      return true;
    case frontend::kDescribe:
      forward_client(whole, total_bytes);
      push_plain(type);
      return true;
    case frontend::kSync:
      server_skips_ = false;
      forward_client(whole, total_bytes);
      push_plain(type);
      return true;
    case frontend::kCopyDone:
    case frontend::kCopyFail:
      forward_client(whole, total_bytes);
      // Sent ahead of CopyInResponse it keeps its place among the requests, to be met by the copy that it ends.
      if (!copy_in_ && !pending_.empty()) pending_.push({.type = type, .batch = batch_});
      copy_in_ = false;
      return true;
    case frontend::kFlush:
    case frontend::kCopyData:
      forward_client(whole, total_bytes);
      return true;
    case frontend::kTerminate:
      // The server answers what came before and closes; nothing behind Terminate is read (evasion 104).
      forward_client(whole, total_bytes);
      terminated_ = true;
      return true;
    default:
      protocol_violation("invalid frontend message type");
      return true;
  }
}

void SessionCore::on_query(Text whole) {
  const auto text = parser::postgres::decode_query(whole.substr(kHeaderBytes));
  if (!text) {
    on_malformed(frontend::kQuery, whole);
    return;
  }
  judge_text(frontend::kQuery, whole, *text, {});
}

void SessionCore::on_parse(Text whole) {
  const auto parse = parser::postgres::decode_parse(whole.substr(kHeaderBytes));
  if (!parse) {
    on_malformed(frontend::kParse, whole);
    return;
  }
  if (name_is_ambiguous(parse->statement)) {
    on_unreadable(whole, whole.size(), "ambiguous_name");
    return;
  }
  judge_text(frontend::kParse, whole, parse->text, parse->statement);
}

bool SessionCore::name_is_ambiguous(Text name) const {
  if (name.empty()) return false;
  // The server converts names to its own encoding before it clips and compares them: then two names that differ here
  // may be one there, and one name may be two (evasion 54, 60, 81). Plain ASCII names are the same everywhere.
  const bool converts = client_encoding_ != server_encoding_ || pending_uncertain_ > 0;
  return converts &&
         std::any_of(name.begin(), name.end(), [](char c) { return (static_cast<uint8_t>(c) & 0x80U) != 0; });
}

bool SessionCore::on_bind(Text whole, size_t total_bytes) {
  const bool complete = whole.size() == total_bytes;
  const auto names = parser::postgres::decode_bind_names(whole.substr(kHeaderBytes));
  if (!names) {
    if (complete) on_malformed(frontend::kBind, whole);
    return complete;
  }
  if (name_is_ambiguous(names->statement) || name_is_ambiguous(names->portal)) {
    ++message_number_;
    on_unreadable(whole, total_bytes, "ambiguous_name");
    return true;
  }
  refresh_view();
  if (statements_.holds_nothing() && portals_.holds_nothing() && !saw_unjudged_ && !must_read_harmless()) {
    ++message_number_;
    forward_client(whole, total_bytes);
    push_plain(frontend::kBind);
    return true;
  }
  const PreparedStatements::Candidates candidates = statements_.candidates(names->statement, batch_);
  const bool open = statements_.is_open(names->statement, batch_);
  // A name that only an unread PREPARE can have defined.
  const bool unknown = candidates.empty() && saw_unjudged_ && !names->statement.empty();
  const bool harmless = !open && !unknown && (candidates.empty() || !candidates.front()->is_judged());
  if (harmless && !must_read_harmless()) {
    ++message_number_;
    forward_client(whole, total_bytes);
    if (portals_.knows(names->portal)) {
      portals_.begin(names->portal, harmless_prepared(), batch_);
      push_request({.type = frontend::kBind, .registered = true});
    } else {
      push_plain(frontend::kBind);
    }
    return true;
  }
  if (!open && !unknown && !candidates.empty() && candidates.front()->facts &&
      passes_unseen(*candidates.front()->facts)) {
    ++message_number_;
    portals_.begin(names->portal, candidates.front(), batch_);
    forward_client(whole, total_bytes);
    push_request({.type = frontend::kBind, .registered = true});
    return true;
  }
  if (!complete) {
    client_holds_whole_ = true;
    return false;
  }
  if (open) {
    hold_for_answers(frontend::kBind, whole, statements_, names->statement);
    return true;
  }
  ++message_number_;
  HeldMessage held{.type = frontend::kBind, .message = std::string(whole), .name = std::string(names->portal)};
  PreparedRef prepared = candidates.empty() ? nullptr : candidates.front();
  if (unknown) prepared = unknown_prepared();
  judge_use(std::move(held), prepared);
  return true;
}

void SessionCore::on_execute(Text whole) {
  const auto execute = parser::postgres::decode_execute(whole.substr(kHeaderBytes));
  if (!execute) {
    on_malformed(frontend::kExecute, whole);
    return;
  }
  if (name_is_ambiguous(execute->portal)) {
    on_unreadable(whole, whole.size(), "ambiguous_name");
    return;
  }
  if (portals_.holds_nothing()) {
    forward_client(whole, whole.size());
    push_plain(frontend::kExecute);
    return;
  }
  if (portals_.is_open(execute->portal, batch_)) {
    --message_number_;  // it is counted again when it is taken up again
    hold_for_answers(frontend::kExecute, whole, portals_, execute->portal);
    return;
  }
  const PreparedStatements::Candidates candidates = portals_.candidates(execute->portal, batch_);
  if (candidates.empty() || !candidates.front()->is_judged()) {
    forward_client(whole, whole.size());
    push_plain(frontend::kExecute);
    return;
  }
  refresh_view();
  if (candidates.front()->facts && passes_unseen(*candidates.front()->facts)) {
    forward_unseen(frontend::kExecute, whole, candidates.front()->facts);
    return;
  }
  HeldMessage held{.type = frontend::kExecute, .message = std::string(whole), .name = std::string(execute->portal)};
  judge_use(std::move(held), candidates.front());
}

bool SessionCore::on_function_call(Text whole, size_t total_bytes) {
  const bool complete = whole.size() == total_bytes;
  const auto oid = parser::postgres::decode_function_oid(whole.substr(kHeaderBytes));
  if (!oid) {
    if (complete) on_malformed(frontend::kFunctionCall, whole);
    return complete;
  }
  ++message_number_;
  PendingRequest request{.type = frontend::kFunctionCall, .uncertain = true};
  refresh_view();
  auto facts = called_function_facts(*oid, settings_.server->function_call_oids);
  if (facts && view().mode != policies::Mode::kOff) {
    const policies::Verdict verdict = judge_one(*facts, state_ahead());
    const bool refused = refuses(verdict);
    const std::string ref = verdict.action >= policies::Action::kWarn ? reference() : std::string();
    request.details = std::make_unique<RequestDetails>();
    uint64_t ticket = 0;
    if (verdict.audited) {
      ticket = audit_statement(*facts, verdict, fmt::format("FunctionCall {}", *oid), 0, refused, ref, false);
    }
    if (refused) {
      drop_client_rest(whole, total_bytes);
      refuse(frontend::kFunctionCall, {}, verdict, ref);
      return true;
    }
    request.details->notice = notice_for(verdict, ref);
    const auto kept = std::make_shared<parser::StatementFacts>(std::move(*facts));
    request.details->owners.push_back(kept);
    request.details->statements.push_back({.facts = kept.get(), .written = kept.get(), .ticket = ticket});
  }
  forward_client(whole, total_bytes);
  push_request(std::move(request));
  return true;
}

void SessionCore::on_close(Text whole) {
  const auto target = parser::postgres::decode_target(whole.substr(kHeaderBytes));
  forward_client(whole, whole.size());
  PendingRequest request{.type = frontend::kClose};
  if (target) {
    const PreparedStatements& names = target->kind == 'S' ? statements_ : portals_;
    if (names.knows(target->name)) {
      request.details = std::make_unique<RequestDetails>();
      request.details->name = std::string(target->name);
      request.details->target = target->kind;
    }
  }
  push_request(std::move(request));
}

void SessionCore::on_malformed(char type, Text whole) {
  // The server answers 08P01 to such a body. In enforce mode what cannot be read is not forwarded.
  services_.count("messages_malformed");
  refresh_view();
  if (view().mode == policies::Mode::kOff) {
    forward_client(whole, whole.size());
    push_request({.type = type, .uncertain = true});
    return;
  }
  on_unreadable(whole, whole.size(), "malformed_message");
}

void SessionCore::on_unreadable(Text whole, size_t total_bytes, std::string_view reason) {
  const char type = whole[0];
  if (type != frontend::kQuery && type != frontend::kParse && type != frontend::kBind && type != frontend::kExecute) {
    protocol_violation("invalid message format");
    return;
  }
  refresh_view();
  auto text_facts = std::make_shared<parser::TextFacts>();
  text_facts->unread = true;
  text_facts->unread_reason = std::string(reason);
  const auto facts = std::make_shared<parser::StatementFacts>();
  facts->classes.add(parser::StatementClass::kUnread);
  facts->unread_reason = std::string(reason);
  PendingRequest request{.type = type, .uncertain = true, .details = std::make_unique<RequestDetails>()};
  const bool runs = type == frontend::kQuery || type == frontend::kExecute;
  if (view().mode != policies::Mode::kOff) {
    const policies::Verdict verdict = view().policy->judge_unread(reason, subject(in_flight_));
    const bool refused = refuses(verdict);
    const std::string ref = verdict.action >= policies::Action::kWarn ? reference() : std::string();
    services_.count("texts_unread");
    const uint64_t ticket = audit_statement(*facts, verdict, whole.substr(kHeaderBytes), 0, refused, ref, false);
    if (refused) {
      drop_client_rest(whole, total_bytes);
      const Text body = whole.substr(kHeaderBytes);
      refuse(type, type == frontend::kParse ? body.substr(0, body.find('\0')) : Text(), verdict, ref);
      return;
    }
    request.details->notice = notice_for(verdict, ref);
    // A text of unknown length and content is one entry whose outcome is that of its message.
    request.details->owners.push_back(facts);
    request.details->statements.push_back({.facts = facts.get(), .written = facts.get(), .ticket = ticket});
    request.details->ambiguous = true;
  }
  if (type == frontend::kParse) {
    // Its uses are judged as what could not be read.
    const Text body = whole.substr(kHeaderBytes);
    statements_.begin(body.substr(0, body.find('\0')), std::make_shared<const Prepared>(Prepared{.facts = text_facts}),
                      batch_);
    request.registered = true;
  }
  if (runs) {
    saw_unjudged_ = true;
    confirmed_.forget_certainty();
    in_flight_.forget_certainty();
  }
  forward_client(whole, total_bytes);
  push_request(std::move(request));
}

}  // namespace schemaguard::proxy::postgres
