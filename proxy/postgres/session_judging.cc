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
using policies::Mode;
using policies::Verdict;

namespace {

// Whether an unanswered statement may change how the next text is read or what its names mean.
bool costs_certainty(const StatementFacts& facts) {
  if (facts.opaque != OpaqueReason::kNone || facts.classes.has(StatementClass::kUnread)) return true;
  return std::any_of(facts.settings.begin(), facts.settings.end(), [](const parser::SettingChange& setting) {
    return setting.name == "standard_conforming_strings" || setting.name == "client_encoding" ||
           setting.name == "backslash_quote" || setting.name == "all";
  });
}

bool has_effects(const StatementFacts& facts) {
  return facts.transaction != TransactionControl::kNone || facts.prepared != PreparedUse::kNone ||
         !facts.settings.empty() || !facts.changes.empty() || facts.opaque != OpaqueReason::kNone ||
         facts.command.starts_with("DISCARD");
}

// The part of `text` a statement was read from.
std::string_view slice(std::string_view text, const StatementFacts& facts) {
  if (facts.offset >= text.size()) return text;
  return text.substr(facts.offset, facts.length == 0 ? std::string_view::npos : facts.length);
}

void keep_stricter(Verdict& strictest, const Verdict& verdict) {
  if (verdict.action > strictest.action) {
    strictest = verdict;
  } else if (verdict.audited) {
    strictest.audited = true;
  }
}

// EXECUTE as written: its own part is the arguments, what it runs is judged apart.
StatementFacts arguments_of(const StatementFacts& execute) {
  StatementFacts facts = execute;
  if (facts.opaque == OpaqueReason::kUnknownPrepared) {
    facts.opaque = facts.functions.empty() ? OpaqueReason::kNone : OpaqueReason::kUnprovedRoutine;
    if (facts.functions.empty()) facts.classes.remove(StatementClass::kOpaque);
  }
  if (facts.classes.empty()) facts.classes.add(StatementClass::kQuery);
  return facts;
}

const StatementFacts* statement_of(const Prepared& prepared) {
  if (!prepared.facts || prepared.statement_index >= prepared.facts->statements.size()) return nullptr;
  const StatementFacts& written = prepared.facts->statements[prepared.statement_index];
  if (!prepared.sql_prepare) return &written;
  return written.inner.empty() ? nullptr : &written.inner.front();
}

}  // namespace

void SessionCore::Judged::add(RequestedStatement statement, Verdict verdict) {
  if (each.empty()) {
    strictest = verdict;
  } else {
    keep_stricter(strictest, verdict);
  }
  statements.push_back(std::move(statement));
  each.push_back(std::move(verdict));
}

void SessionCore::refresh_view() { view_ = &services_.view(database_); }

Reading SessionCore::current_reading() const {
  if (pending_uncertain_ == 0) return reading_;
  // An unanswered statement may have changed the settings that decide how this text is read (evasion 49).
  return {.standard_conforming_strings = Certainty::kUnknown, .ascii_safe_encoding = Certainty::kUnknown};
}

policies::Subject SessionCore::subject(const TrackedState& state) const {
  policies::Subject subject;
  subject.user = user_;
  subject.role = state.role();
  if (subject.role.empty() && session_authorization_ != user_) subject.role = session_authorization_;
  subject.role_certain = state.role_certain();
  subject.database = database_;
  subject.application = application_;
  subject.client_address = settings_.origin.address;
  subject.client_certificate = client_certificate_;
  subject.migration_listener = settings_.origin.migration_listener;
  subject.now = services_.now();
  return subject;
}

bool SessionCore::must_read_harmless() const {
  return refuse_writes_ || !restore_refused_.empty() || view_->policy->judges_harmless_texts();
}

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
    PendingRequest request{.type = type};
    if (type == frontend::kParse && statements_.knows(name)) {
      statements_.begin(name, harmless_prepared(), batch_);
      request.registered = true;
    }
    forward_client(whole, whole.size());
    push_request(std::move(request));
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
      saw_unjudged_ = true;
      confirmed_.forget_certainty();
      in_flight_.forget_certainty();
    }
    forward_client(whole, whole.size());
    push_request(std::move(request));
    return;
  }
  HeldMessage held{.type = type,
                   .message = std::string(whole),
                   .name = std::string(name),
                   .text = std::string(text),
                   .reading = reading};
  if (const auto facts = services_.cached_facts(text, reading)) {
    on_facts(std::move(held), facts);
    return;
  }
  held.job = ++next_job_;
  services_.start_parse({.text = held.text, .reading = reading, .id = held.job});
  held_ = std::move(held);
}

void SessionCore::on_parsed(uint64_t job_id, std::shared_ptr<const TextFacts> facts) {
  if (!held_ || held_->job != job_id || phase_ == Phase::kClosing) return;
  HeldMessage held = std::move(*held_);
  held_.reset();
  held.job = 0;
  refresh_view();
  on_facts(std::move(held), facts);
  resume_client();
}

void SessionCore::on_facts(HeldMessage held, const std::shared_ptr<const TextFacts>& facts) {
  if (held.text_is_prepared) {
    const PreparedRef prepared =
        std::make_shared<const Prepared>(Prepared{.facts = facts, .text = held.text, .reading = held.reading});
    held.text_is_prepared = false;
    judge_use(std::move(held), {prepared});
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
  admit(std::move(held), judged, text, held.type == frontend::kQuery);
}

Verdict SessionCore::judge_one(const StatementFacts& facts, const TrackedState& in_flight) const {
  if (const auto restore = restore_verdict(facts)) return *restore;
  Verdict verdict = view_->policy->judge(facts, subject(confirmed_), confirmed_.names(user_));
  if (!in_flight.same_as(confirmed_)) {
    const Verdict other = view_->policy->judge(facts, subject(in_flight), in_flight.names(user_));
    keep_stricter(verdict, other);
  }
  return verdict;
}

Verdict SessionCore::judge_execute(const StatementFacts& execute, const TrackedState& in_flight,
                                   const std::vector<RequestedStatement>& before, Judged& judged,
                                   RequestedStatement& resolved) {
  // A PREPARE earlier in the same text is the nearest definition.
  for (size_t i = before.size(); i > 0; --i) {
    const StatementFacts& earlier = *before[i - 1].written;
    if (earlier.prepared == PreparedUse::kPrepare && earlier.prepared_name == execute.prepared_name &&
        !earlier.inner.empty()) {
      resolved.facts = &earlier.inner.front();
      Verdict verdict = judge_one(arguments_of(execute), in_flight);
      keep_stricter(verdict, judge_one(*resolved.facts, in_flight));
      return verdict;
    }
  }
  const PreparedStatements::Candidates candidates = statements_.candidates(execute.prepared_name, batch_);
  if (candidates.empty() && saw_unjudged_) return judge_one(execute, in_flight);
  Verdict verdict = judge_one(arguments_of(execute), in_flight);
  for (const PreparedRef& candidate : candidates) {
    if (candidate->harmless || candidate->refused) continue;
    const StatementFacts* facts = statement_of(*candidate);
    if (facts == nullptr) {
      keep_stricter(verdict, judge_one(execute, in_flight));  // prepared unread while the mode was off
      continue;
    }
    judged.owners.push_back(candidate);
    resolved.facts = facts;
    keep_stricter(verdict, judge_one(*facts, in_flight));
    if (candidate->facts->unread) {
      keep_stricter(verdict, view_->policy->judge_unread(candidate->facts->unread_reason, subject(in_flight)));
    }
  }
  return verdict;
}

SessionCore::Judged SessionCore::judge_statements(const std::shared_ptr<const TextFacts>& facts, Text text) {
  Judged judged;
  judged.owners.push_back(facts);
  judged.text_facts = facts;
  // A later statement of one message runs only if the earlier ones have succeeded: it is judged with their effects.
  TrackedState in_flight = in_flight_;
  for (const StatementFacts& written : facts->statements) {
    RequestedStatement statement{.facts = &written, .written = &written, .ticket = 0};
    Verdict verdict = written.prepared == PreparedUse::kExecute
                          ? judge_execute(written, in_flight, judged.statements, judged, statement)
                          : judge_one(written, in_flight);
    if (has_effects(*statement.facts)) in_flight.apply(*statement.facts, slice(text, written));
    judged.add(std::move(statement), std::move(verdict));
  }
  if (facts->unread) {
    const Verdict unread = view_->policy->judge_unread(facts->unread_reason, subject(in_flight));
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

SessionCore::Judged SessionCore::judge_candidates(const PreparedStatements::Candidates& candidates) {
  Judged judged;
  for (const PreparedRef& candidate : candidates) {
    if (candidate->harmless || candidate->refused || !candidate->facts) continue;
    Judged one = judge_statements(candidate->facts, candidate->text);
    if (one.each.empty()) continue;
    if (judged.each.empty()) {
      judged = std::move(one);
      judged.owners.push_back(candidate);
    } else {
      keep_stricter(judged.each.front(), one.strictest);
      keep_stricter(judged.strictest, one.strictest);
    }
  }
  return judged;
}

void SessionCore::judge_use(HeldMessage held, const PreparedStatements::Candidates& candidates) {
  refresh_view();
  const bool executes = held.type == frontend::kExecute;
  held.request = {.type = held.type, .details = std::make_unique<RequestDetails>()};
  const Prepared* newest = nullptr;
  for (const PreparedRef& candidate : candidates) {
    if (candidate->harmless || candidate->refused) continue;
    if (newest == nullptr) newest = candidate.get();
    if (candidate->facts || view_->mode == Mode::kOff) continue;
    // Prepared while the mode was off and used now that it is not: read it first.
    held.text = candidate->text;
    held.text_is_prepared = true;
    held.reading = candidate->reading;
    held.job = ++next_job_;
    services_.start_parse({.text = held.text, .reading = held.reading, .id = held.job});
    held_ = std::move(held);
    return;
  }
  if (!executes) {
    const auto names = parser::postgres::decode_bind_names(std::string_view(held.message).substr(5));
    held.request.details->prepared = candidates.empty() ? harmless_prepared() : candidates.front();
    if (names) held.name = std::string(names->portal);
  }
  if (view_->mode == Mode::kOff) {
    held.request.uncertain = true;
    saw_unjudged_ = true;
    send_held(std::move(held));
    return;
  }
  const std::string text = newest == nullptr ? std::string() : newest->text;
  admit(std::move(held), judge_candidates(candidates), text, executes);
}

void SessionCore::admit(HeldMessage held, Judged judged, Text text, bool executes) {
  const bool refused = !judged.each.empty() && refuses(judged.strictest);
  const bool blocks = view_->audit_blocks && view_->mode == Mode::kEnforce;
  std::string ref;
  if (!judged.each.empty() && judged.strictest.action == Action::kBlock) ref = reference();
  uint64_t last_ticket = 0;
  for (size_t i = 0; i < judged.each.size(); ++i) {
    // What is only prepared changes nothing yet; the record is written when it is executed.
    if (!refused && !executes) break;
    if (!judged.each[i].audited && !(refused && judged.each[i].action == Action::kBlock)) continue;
    RequestedStatement& statement = judged.statements[i];
    const bool last = !refused && blocks;
    statement.ticket = audit_statement(*statement.facts, judged.each[i], slice(text, *statement.written),
                                       static_cast<uint32_t>(i), refused, ref, last);
    last_ticket = statement.ticket;
  }
  if (refused) {
    note_refused_objects(judged);
    refuse(held.type, held.name, judged.strictest, ref);
    return;
  }
  RequestDetails& details = *held.request.details;
  details.text = std::string(text);
  details.ambiguous =
      held.reading.standard_conforming_strings == Certainty::kUnknown && text.find('\\') != std::string_view::npos;
  for (const RequestedStatement& statement : judged.statements) {
    held.request.uncertain = held.request.uncertain || costs_certainty(*statement.facts);
  }
  if (judged.strictest.action >= Action::kWarn && !judged.each.empty() &&
      (view_->mode == Mode::kWarn || judged.strictest.action == Action::kWarn) && view_->mode != Mode::kObserve) {
    details.notice = parser::postgres::encode_warning_notice(refusal_message(judged.strictest, ref),
                                                             judged.strictest.reason, judged.strictest.hint);
  }
  details.statements = std::move(judged.statements);
  details.owners = std::move(judged.owners);
  details.text_facts = std::move(judged.text_facts);
  if (last_ticket != 0 && blocks) {
    held.ticket = last_ticket;
    held_ = std::move(held);
    return;
  }
  send_held(std::move(held));
}

void SessionCore::on_audit_written(uint64_t ticket, bool ok) {
  if (!held_ || held_->ticket != ticket || phase_ == Phase::kClosing) return;
  HeldMessage held = std::move(*held_);
  held_.reset();
  held.ticket = 0;
  if (ok) {
    send_held(std::move(held));
  } else {
    services_.count("audit_blocked_statements");
    Verdict verdict;
    verdict.action = Action::kBlock;
    verdict.rule = "builtin/audit";
    verdict.reason = "audit_unavailable";
    verdict.message = "statement blocked: the audit cannot be written";
    verdict.hint = "Free or repair the guard's audit file; queries that need no audit record still pass.";
    TransactionJournal::Outcomes outcomes;
    for (const RequestedStatement& statement : held.request.details->statements) {
      if (statement.ticket != 0) outcomes.push_back({statement.ticket, policies::Outcome::kRefused, {}});
    }
    audit_outcomes(outcomes);
    refuse(held.type, held.name, verdict, reference());
  }
  resume_client();
}

void SessionCore::send_held(HeldMessage held) {
  RequestDetails& details = *held.request.details;
  if (held.type == frontend::kParse) {
    statements_.begin(held.name, details.prepared, batch_);
    held.request.registered = true;
  } else if (held.type == frontend::kBind) {
    portals_.begin(held.name, details.prepared, batch_);
    held.request.registered = true;
  } else {
    for (size_t i = 0; i < details.statements.size(); ++i) {
      const RequestedStatement& statement = details.statements[i];
      if (!has_effects(*statement.facts)) continue;
      if (statement.written->prepared == PreparedUse::kPrepare && details.text_facts) {
        statements_.begin(statement.written->prepared_name,
                          std::make_shared<const Prepared>(Prepared{.facts = details.text_facts,
                                                                    .text = details.text,
                                                                    .reading = held.reading,
                                                                    .statement_index = i,
                                                                    .sql_prepare = true}),
                          batch_);
      }
      in_flight_.apply(*statement.facts, slice(details.text, *statement.written));
      if (statement.facts->opaque != OpaqueReason::kNone) in_flight_.forget_certainty();
    }
  }
  to_server_.own(std::move(held.message));
  push_request(std::move(held.request));
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
  if (verdict.after == Verdict::After::kRefuseWrites) refuse_writes_ = true;
  if (verdict.after == Verdict::After::kDisconnect) disconnect_after_refusal_ = true;
}

// A refused script must not leave half of itself behind (design section 7): after a refused CREATE or DROP of a table
// the rows that a dump brings for it, and its sequences' positions, are refused too.
void SessionCore::note_refused_objects(const Judged& judged) {
  for (const RequestedStatement& statement : judged.statements) {
    for (const parser::Change& change : statement.facts->changes) {
      // CREATE TABLE IF NOT EXISTS is what applications say at every start, not what a dump says.
      const bool creates = change.kind == "create_table" && !change.if_not_exists;
      if (creates || change.kind == "drop_table") {
        restore_refused_.insert(change.object.name.name);
      }
    }
  }
}

std::optional<Verdict> SessionCore::restore_verdict(const StatementFacts& facts) const {
  if (!refuse_writes_ && restore_refused_.empty()) return std::nullopt;
  bool hit = refuse_writes_ && (!facts.written.empty() || facts.classes.has(StatementClass::kDestructive));
  for (const parser::ObjectUse& target : facts.written) {
    hit = hit || restore_refused_.contains(target.name.name);
  }
  // Which table owns a sequence is not in the text: any setval() after a refused CREATE belongs to the restore.
  hit = hit || std::any_of(facts.functions.begin(), facts.functions.end(), [](const std::string& function) {
          return function == "setval" || function.ends_with(".setval");
        });
  if (!hit) return std::nullopt;
  Verdict verdict;
  verdict.action = Action::kBlock;
  verdict.rule = "builtin/restore";
  verdict.reason = "restore_into_live";
  verdict.subject = facts.command;
  verdict.message = fmt::format(
      "{}{}{} blocked: a CREATE or DROP of this script was refused, and its rows would be doubled", facts.command,
      facts.written.empty() ? "" : " ", facts.written.empty() ? "" : facts.written.front().name.display());
  verdict.hint =
      "Restore dumps into an empty database, or let a migrator do it. Reconnect to write to this table again.";
  verdict.classes = facts.classes;
  verdict.audited = true;
  return verdict;
}

}  // namespace schemaguard::proxy::postgres
