// From a text to its verdict: scan, facts, policy, audit, then forwarding or refusing (design sections 5 to 8).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "absl/strings/ascii.h"
#include "parser/postgres/sql_scanner.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

namespace frontend = parser::postgres::frontend;
using parser::OpaqueReason;
using parser::PreparedUse;
using parser::StatementClass;
using parser::StatementFacts;
using parser::TextFacts;
using parser::TransactionControl;
using parser::postgres::Certainty;
using parser::postgres::Reading;
using parser::postgres::ScanVerdict;
using policies::Action;
using policies::keep_stricter;
using policies::Mode;
using policies::Verdict;

namespace {

// Whether an unanswered statement may change how the next text is read or what its names mean.
bool costs_certainty(const StatementFacts& facts) {
  if (facts.opaque != OpaqueReason::kNone || facts.classes.has(StatementClass::kUnread)) return true;
  return std::any_of(facts.settings.begin(), facts.settings.end(), [](const parser::SettingChange& setting) {
    return setting.name == "standard_conforming_strings" || setting.name == "client_encoding" ||
           setting.name == "backslash_quote" || setting.name == "all" || setting.name.empty();
  });
}

bool ends_transaction(const StatementFacts& facts) {
  switch (facts.transaction) {
    case TransactionControl::kCommit:
    case TransactionControl::kRollback:
    case TransactionControl::kRollbackToSavepoint:
    case TransactionControl::kPrepareTransaction:
      return true;
    case TransactionControl::kNone:
    case TransactionControl::kBegin:
    case TransactionControl::kSavepoint:
    case TransactionControl::kRelease:
    case TransactionControl::kCommitPrepared:
    case TransactionControl::kRollbackPrepared:
      return facts.embedded_commit;
  }
  return true;
}

// EXECUTE of a statement that nobody has read.
StatementFacts unknown_execute(const StatementFacts& execute) {
  StatementFacts facts = execute;
  facts.classes.add(StatementClass::kOpaque);
  facts.opaque = OpaqueReason::kUnknownPrepared;
  return facts;
}

// What an EXECUTE of `prepared` runs; null: not read yet.
const StatementFacts* statement_of(const Prepared& prepared) {
  if (prepared.statement) return prepared.statement.get();
  if (!prepared.facts || prepared.facts->statements.empty()) return nullptr;
  return &prepared.facts->statements.front();
}

}  // namespace

void SessionCore::Judged::add(RequestedStatement statement, Verdict verdict) {
  if (each.empty()) {
    strictest = verdict;
  } else {
    keep_stricter(strictest, verdict);
  }
  statements.push_back(statement);
  each.push_back(std::move(verdict));
}

void SessionCore::refresh_view() { view_ = &services_.view(database_); }

Reading SessionCore::current_reading() const {
  // The end of a transaction, or an error in it, brings back what a setting was before, and is reported last.
  const bool may_move_back = reading_moved_ && !pending_.empty();
  if (pending_uncertain_ == 0 && !may_move_back) return reading_;
  // An unanswered statement may have changed the settings that decide how this text is read (evasion 49).
  return {.standard_conforming_strings = Certainty::kUnknown, .ascii_safe_encoding = Certainty::kUnknown};
}

policies::Subject SessionCore::subject(const TrackedState& state) const {
  policies::Subject subject;
  subject.user = user_;
  subject.role = state.role();
  if (subject.role.empty() && session_authorization_ != user_) subject.role = session_authorization_;
  subject.role_certain = state.role_certain();
  // What the server has reported holds for the role that it has confirmed.
  const bool role_moves = state.role() != confirmed_.role() || state.role_certain() != confirmed_.role_certain();
  subject.superuser = superuser_ || role_moves;
  subject.database = database_;
  subject.application = application_;
  subject.client_address = settings_.origin.address;
  subject.client_certificate = client_certificate_;
  subject.migration_listener = settings_.origin.migration_listener;
  subject.now = services_.now();
  return subject;
}

policies::SessionNames SessionCore::session_names(const TrackedState& state) const {
  policies::SessionNames names = state.names(user_);
  // The server converts names before it clips and compares them, and clips them by characters of its own encoding: what
  // is one name here may be two there (evasion 54, 60).
  if (names_are_converted_ || pending_uncertain_ > 0) {
    constexpr size_t kCutCharacterBytesMax = 3;  // UTF-8: what clipping may take off besides
    std::erase_if(names.temporary, [](const std::string& name) {
      const bool may_be_clipped = name.size() + kCutCharacterBytesMax >= parser::postgres::kNameBytesMax;
      return may_be_clipped ||
             std::any_of(name.begin(), name.end(), [](char c) { return (static_cast<uint8_t>(c) & 0x80U) != 0; });
    });
  }
  return names;
}

bool SessionCore::must_read_harmless() const { return !aftermath_.empty() || view_->policy->judges_harmless_texts(); }

bool SessionCore::refuses(const Verdict& verdict) const {
  return view_->mode == Mode::kEnforce && verdict.action == Action::kBlock;
}

std::string SessionCore::reference() {
  return fmt::format("{}/{}", settings_.server->name, services_.next_reference());
}

bool SessionCore::is_walsender_command(Text text) const {
  if (!replication_) return false;
  static constexpr std::array<std::string_view, 9> kCommands = {
      "IDENTIFY_SYSTEM",       "START_REPLICATION", "CREATE_REPLICATION_SLOT", "DROP_REPLICATION_SLOT", "BASE_BACKUP",
      "READ_REPLICATION_SLOT", "TIMELINE_HISTORY",  "ALTER_REPLICATION_SLOT",  "UPLOAD_MANIFEST"};
  std::string word;
  for (const char c : text) {
    if (word.empty() && (c == ' ' || c == '\n' || c == '\t')) continue;
    if (!absl::ascii_isalpha(static_cast<unsigned char>(c)) && c != '_') break;
    word.push_back(absl::ascii_toupper(static_cast<unsigned char>(c)));
  }
  // The walsender tries its own grammar first and takes the whole text or nothing: one of its words in front means
  // that no SQL follows.
  return std::find(kCommands.begin(), kCommands.end(), word) != kCommands.end();
}

void SessionCore::judge_text(char type, Text whole, Text text, std::string_view name) {
  refresh_view();
  const Reading reading = current_reading();
  const parser::postgres::ScanResult scan = parser::postgres::scan_sql(text, reading);
  const bool harmless = scan.verdict == ScanVerdict::kHarmless && !scan.has_transaction_control;
  if ((harmless && !must_read_harmless()) || is_walsender_command(text)) {
    forward_client(whole, whole.size());
    if (type == frontend::kParse && statements_.knows(name)) {
      statements_.begin(name, harmless_prepared(), batch_);
      push_request({.type = type, .registered = true});
    } else {
      push_plain(type);
    }
    return;
  }
  if (type == frontend::kParse && !name.empty() && !statements_.knows(name) && !may_remember(text.size())) {
    on_unreadable(whole, whole.size(), "too_many_prepared");
    return;
  }
  if (view_->mode == Mode::kOff) {
    // Nothing is judged; what is prepared now may be executed after the mode has changed, so its text is kept.
    PendingRequest request{.type = type, .uncertain = true};
    if (type == frontend::kParse) {
      statements_.begin(name, std::make_shared<const Prepared>(Prepared{.text = std::string(text), .reading = reading}),
                        batch_);
      request.registered = true;
    } else {
      saw_unjudged_ = saw_unjudged_ || mentions_prepare(text);
      confirmed_.forget_certainty();
      in_flight_.forget_certainty();
    }
    forward_client(whole, whole.size());
    push_request(std::move(request));
    return;
  }
  const std::shared_ptr<const TextFacts> facts = services_.cached_facts(text, reading);
  if (facts && reading.standard_conforming_strings != Certainty::kUnknown && passes_unseen(*facts)) {
    if (type == frontend::kQuery) {
      forward_unseen(type, whole, facts);
      return;
    }
    statements_.begin(
        name, std::make_shared<const Prepared>(Prepared{.facts = facts, .text = std::string(text), .reading = reading}),
        batch_);
    forward_client(whole, whole.size());
    push_request({.type = type, .registered = true});
    return;
  }
  HeldMessage held{.type = type,
                   .message = std::string(whole),
                   .name = std::string(name),
                   .text = std::string(text),
                   .reading = reading};
  if (facts) {
    on_facts(std::move(held), facts);
    return;
  }
  held.job = ++next_job_;
  services_.start_parse({.text = held.text, .reading = reading, .id = held.job});
  held_ = std::move(held);
}

bool SessionCore::may_remember(size_t text_bytes) const {
  const Limits& limits = settings_.config->limits;
  return statements_.size() < limits.statements_per_session_max &&
         statements_.text_bytes() + text_bytes <= limits.prepared_bytes_per_session_max;
}

bool SessionCore::passes_unseen(const TextFacts& facts) const {
  if (facts.unread || view_->mode == Mode::kOff || must_read_harmless()) return false;
  return std::all_of(facts.statements.begin(), facts.statements.end(),
                     [&](const StatementFacts& statement) { return view_->policy->passes_unseen(statement); });
}

void SessionCore::forward_unseen(char type, Text whole, const std::shared_ptr<const TextFacts>& facts) {
  PendingRequest request{.type = type, .details = std::make_unique<RequestDetails>()};
  request.details->text_facts = facts;
  for (const StatementFacts& statement : facts->statements) {
    request.details->statements.push_back({.facts = &statement, .written = &statement, .ticket = 0});
    request.uncertain = request.uncertain || costs_certainty(statement);
    request.ends_transaction = request.ends_transaction || ends_transaction(statement);
    if (has_effects(statement)) apply_ahead(in_flight_, statement, {});
  }
  forward_client(whole, whole.size());
  push_request(std::move(request));
}

void SessionCore::on_facts(HeldMessage held, const std::shared_ptr<const TextFacts>& facts) {
  if (held.text_is_prepared) {
    const PreparedRef prepared =
        std::make_shared<const Prepared>(Prepared{.facts = facts, .text = held.text, .reading = held.reading});
    held.text_is_prepared = false;
    judge_use(std::move(held), prepared);
    return;
  }
  for (const StatementFacts& statement : facts->statements) {
    if (statement.prepared != PreparedUse::kExecute || !statements_.is_open(statement.prepared_name, batch_)) continue;
    --message_number_;  // it is counted again when it is taken up again
    hold_for_answers(held.type, held.message, statements_, statement.prepared_name);
    return;
  }
  if (facts->unread) services_.count("texts_unread");
  const Judged judged = judge_statements(facts, held.text);
  held.request = {.type = held.type, .details = std::make_unique<RequestDetails>()};
  if (held.type == frontend::kParse) {
    held.request.details->prepared =
        std::make_shared<const Prepared>(Prepared{.facts = facts, .text = held.text, .reading = held.reading});
  }
  const std::string text = held.text;
  const bool executes = held.type == frontend::kQuery;
  admit(std::move(held), judged, text, executes);
}

bool SessionCore::waits_for_earlier_batch() const { return !pending_.empty() && pending_.front().batch != batch_; }

TrackedState SessionCore::state_ahead() const {
  // Inside one batch a message runs only if all earlier ones have succeeded, so their effects count. What is unanswered
  // of earlier batches may succeed or fail each for itself: where that could change what names mean, nothing is
  // certain.
  TrackedState state = in_flight_;
  if (!waits_for_earlier_batch()) return state;
  const bool may_end = transaction_status_ != 'T' || pending_ends_ > 0 || pending_uncertain_ > 0;
  if (!in_flight_.same_as(confirmed_) || (may_end && confirmed_.transaction_changed_names())) state.forget_certainty();
  return state;
}

void SessionCore::apply_ahead(TrackedState& state, const StatementFacts& facts, Text text) const {
  const bool commits =
      facts.transaction == TransactionControl::kCommit || facts.transaction == TransactionControl::kPrepareTransaction;
  // In a failed transaction COMMIT rolls back (G55).
  const bool may_roll_back =
      commits && state.transaction_changed_names() && (transaction_status_ == 'E' || waits_for_earlier_batch());
  state.apply(facts, text);
  if (may_roll_back || facts.opaque != OpaqueReason::kNone) state.forget_certainty();
}

Verdict SessionCore::judge_one(const StatementFacts& facts, const TrackedState& state) const {
  if (const auto aftermath = aftermath_.verdict(facts)) return *aftermath;
  Verdict verdict = view_->policy->judge(facts, subject(state), session_names(state));
  if (facts.prepared == PreparedUse::kPrepare && !facts.inner.empty()) {
    // What may not be run need not be prepared (evasion 13); whether it is run is recorded when it is.
    Verdict inner = judge_one(facts.inner.front(), state);
    if (inner.action == Action::kBlock) keep_stricter(verdict, inner);
  }
  return verdict;
}

Verdict SessionCore::judge_execute(const StatementFacts& execute, const TrackedState& state,
                                   const std::vector<RequestedStatement>& before, Judged& judged,
                                   RequestedStatement& resolved) {
  Verdict verdict = judge_one(execute, state);  // its arguments
  // A PREPARE earlier in the same text is the nearest definition.
  for (size_t i = before.size(); i > 0; --i) {
    const StatementFacts& earlier = *before[i - 1].facts;
    if (earlier.prepared == PreparedUse::kPrepare && earlier.prepared_name == execute.prepared_name &&
        !earlier.inner.empty()) {
      resolved.facts = &earlier.inner.front();
      keep_stricter(verdict, judge_one(*resolved.facts, state));
      return verdict;
    }
  }
  const PreparedStatements::Candidates candidates = statements_.candidates(execute.prepared_name, batch_);
  if (candidates.empty() && saw_unjudged_) return judge_one(unknown_execute(execute), state);
  for (const PreparedRef& candidate : candidates) {
    if (!candidate->is_judged()) continue;
    const StatementFacts* facts = statement_of(*candidate);
    if (facts == nullptr) {
      keep_stricter(verdict,
                    judge_one(unknown_execute(execute), state));  // not read, or prepared while the mode was off
    } else {
      judged.owners.push_back(candidate);
      resolved.facts = facts;
      keep_stricter(verdict, judge_one(*facts, state));
    }
    if (candidate->facts && candidate->facts->unread) {
      keep_stricter(verdict, view_->policy->judge_unread(candidate->facts->unread_reason, subject(state)));
    }
  }
  return verdict;
}

SessionCore::Judged SessionCore::judge_statements(const std::shared_ptr<const TextFacts>& facts, Text text) {
  Judged judged;
  judged.owners.push_back(facts);
  judged.text_facts = facts;
  // A later statement of one message runs only if the earlier ones have succeeded: it is judged with their effects.
  TrackedState state = state_ahead();
  for (const StatementFacts& written : facts->statements) {
    RequestedStatement statement{.facts = &written, .written = &written, .ticket = 0};
    Verdict verdict = written.prepared == PreparedUse::kExecute
                          ? judge_execute(written, state, judged.statements, judged, statement)
                          : judge_one(written, state);
    if (written.prepared != PreparedUse::kNone && name_is_ambiguous(written.prepared_name)) {
      keep_stricter(verdict, view_->policy->judge_unread("ambiguous_name", subject(state)));
    }
    if (written.prepared == PreparedUse::kPrepare && !may_remember(statement_text(text, written).size())) {
      keep_stricter(verdict, view_->policy->judge_unread("too_many_prepared", subject(state)));
    }
    if (has_effects(*statement.facts)) apply_ahead(state, *statement.facts, effect_text(statement, text));
    judged.add(statement, std::move(verdict));
  }
  if (facts->unread) {
    const Verdict unread = view_->policy->judge_unread(facts->unread_reason, subject(state));
    if (judged.each.empty()) {
      const auto whole = std::make_shared<StatementFacts>();
      whole->classes.add(StatementClass::kUnread);
      whole->unread_reason = facts->unread_reason;
      whole->length = text.size();
      judged.owners.push_back(whole);
      judged.add({.facts = whole.get(), .written = whole.get(), .ticket = 0}, unread);
    } else {
      for (Verdict& verdict : judged.each) keep_stricter(verdict, unread);
      keep_stricter(judged.strictest, unread);
    }
  }
  return judged;
}

SessionCore::Judged SessionCore::judge_prepared(const PreparedRef& prepared) {
  if (!prepared || !prepared->is_judged()) return {};
  if (!prepared->statement) return judge_statements(prepared->facts, prepared->text);
  Judged judged;
  judged.owners.push_back(prepared);
  const StatementFacts& facts = *prepared->statement;
  judged.add({.facts = &facts, .written = &facts, .ticket = 0}, judge_one(facts, state_ahead()));
  return judged;
}

void SessionCore::judge_use(HeldMessage held, const PreparedRef& prepared) {
  refresh_view();
  const bool executes = held.type == frontend::kExecute;
  const bool judged = prepared && prepared->is_judged();
  held.request = {.type = held.type, .details = std::make_unique<RequestDetails>()};
  if (judged && !prepared->facts && !prepared->statement && view_->mode != Mode::kOff) {
    // Prepared while the mode was off and used now that it is not: read it first.
    held.text = prepared->text;
    held.text_is_prepared = true;
    held.reading = prepared->reading;
    held.job = ++next_job_;
    services_.start_parse({.text = held.text, .reading = held.reading, .id = held.job});
    held_ = std::move(held);
    return;
  }
  if (!executes) {
    held.request.details->prepared = prepared ? prepared : harmless_prepared();
    const auto names = parser::postgres::decode_bind_names(std::string_view(held.message).substr(5));
    if (names) held.name = std::string(names->portal);
  }
  if (view_->mode == Mode::kOff) {
    held.request.uncertain = true;
    if (judged) saw_unjudged_ = saw_unjudged_ || mentions_prepare(prepared->text);
    send_held(std::move(held));
    return;
  }
  admit(std::move(held), judge_prepared(prepared), judged ? prepared->text : std::string(), executes);
}

std::string SessionCore::notice_for(const Verdict& verdict, std::string_view ref) const {
  const bool warns = (view_->mode == Mode::kWarn && verdict.action >= Action::kWarn) ||
                     (view_->mode == Mode::kEnforce && verdict.action == Action::kWarn);
  if (!warns) return {};
  return parser::postgres::encode_warning_notice(refusal_message(verdict, ref), verdict.reason, verdict.hint);
}

bool SessionCore::is_first_use(const StatementFacts& facts) {
  services_.count("unproved_routine_calls");
  bool first = false;
  for (const std::string& routine : facts.functions) {
    if (services_.is_first_use(database_, user_, routine)) first = true;
  }
  return first;
}

void SessionCore::admit(HeldMessage held, Judged judged, Text text, bool executes) {
  const bool refused = !judged.each.empty() && refuses(judged.strictest);
  const bool waits = view_->audit_blocks && view_->mode == Mode::kEnforce && !refused;
  // What is only prepared changes nothing yet; record, reference and warning come when it is executed.
  const bool recorded = refused || executes;
  names_are_settled_ = in_flight_.same_as(confirmed_);
  for (const RequestedStatement& statement : judged.statements) {
    names_are_settled_ = names_are_settled_ && statement.facts->settings.empty();
    saw_unseen_code_ = saw_unseen_code_ || statement.facts->opaque != OpaqueReason::kNone;
  }
  std::string ref;
  if (recorded && !judged.each.empty() && judged.strictest.action >= Action::kWarn) ref = reference();
  for (size_t i = 0; recorded && i < judged.each.size(); ++i) {
    RequestedStatement& statement = judged.statements[i];
    const bool first_use = !refused && judged.each[i].summarised && is_first_use(*statement.facts);
    const bool blocked = refused && judged.each[i].action == Action::kBlock;
    if (!judged.each[i].audited && !blocked && !first_use) continue;
    // Nobody waits for the audit file because of a routine that is allowed anyway.
    const bool waits_for_this = waits && !first_use;
    statement.ticket = audit_statement(*statement.facts, judged.each[i], statement_text(text, *statement.written),
                                       static_cast<uint32_t>(i), refused, ref, waits_for_this);
    if (waits_for_this && statement.ticket != 0) held.tickets.push_back(statement.ticket);
  }
  if (refused) {
    for (const RequestedStatement& statement : judged.statements) aftermath_.note_refused(*statement.facts);
    refuse(held.type, held.name, judged.strictest, ref);
    return;
  }
  RequestDetails& details = *held.request.details;
  details.text = std::string(text);
  // Where the readings differ the reader lists the statements of both.
  details.ambiguous = held.reading.standard_conforming_strings == Certainty::kUnknown &&
                      text.find('\\') != std::string_view::npos &&
                      parser::postgres::scan_sql(text, {}).statement_count != judged.statements.size();
  for (const RequestedStatement& statement : judged.statements) {
    held.request.uncertain = held.request.uncertain || costs_certainty(*statement.facts);
    held.request.ends_transaction = held.request.ends_transaction || ends_transaction(*statement.facts);
  }
  if (recorded && !judged.each.empty()) details.notice = notice_for(judged.strictest, ref);
  details.statements = std::move(judged.statements);
  details.owners = std::move(judged.owners);
  details.text_facts = std::move(judged.text_facts);
  if (!held.tickets.empty()) {
    held_ = std::move(held);
    return;
  }
  send_held(std::move(held));
}

std::string SessionCore::refusal_message(const Verdict& verdict, std::string_view ref) const {
  return fmt::format("schemaguard: {} (rule {}, ref {})", verdict.message, verdict.rule, ref);
}

void SessionCore::refuse(char type, std::string_view name, const Verdict& verdict, const std::string& ref) {
  services_.count("statements_refused");
  std::array<std::byte, 8> random{};
  services_.random_bytes(random);
  uint64_t bits = 0;
  for (const std::byte byte : random) bits = bits << 8 | static_cast<uint64_t>(byte);
  Refusal refusal{.type = type,
                  .token = refusal_token(bits),
                  .text = {.message = refusal_message(verdict, ref),
                           .detail = fmt::format("rule {}, reason {}", verdict.rule, verdict.reason),
                           .hint = verdict.hint}};
  to_server_.own(substitute_message(refusal, name, verdict.rule));
  PendingRequest request{.type = type, .details = std::make_unique<RequestDetails>()};
  if (type == frontend::kParse) {
    statements_.begin(name, refused_prepared(), batch_);
    request.registered = true;
  } else if (type == frontend::kBind) {
    portals_.begin(name, refused_prepared(), batch_);
    request.registered = true;
  }
  request.details->refusal = std::move(refusal);
  push_request(std::move(request));
  aftermath_.note_verdict(verdict);
}

}  // namespace schemaguard::proxy::postgres
