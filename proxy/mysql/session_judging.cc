// From a text to its verdict: scan, facts, policy, audit, then forwarding or refusing (design sections 5 to 8).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "parser/mysql/sql_scanner.h"
#include "parser/mysql/statement_reader.h"
#include "parser/mysql/system_databases.h"
#include "parser/words.h"
#include "policies/rules/session_names.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::OpaqueReason;
using parser::PreparedUse;
using parser::StatementClass;
using parser::StatementFacts;
using parser::TextFacts;
using parser::mysql::Command;
using parser::mysql::ReadingState;
using parser::mysql::ScanVerdict;
using policies::Action;
using policies::keep_stricter;
using policies::Mode;
using policies::Verdict;

namespace {

// What the protocol has room for, with the NUL that clients put behind it (MYSQL_ERRMSG_SIZE).
constexpr size_t kErrorMessageBytesMax = 511;

// Longer texts are read by the parse threads.
constexpr size_t kReadAtOnceBytesMax = 32ULL * 1024;

bool may_change_reading(const TextFacts& facts) {
  return std::any_of(facts.statements.begin(), facts.statements.end(), [](const StatementFacts& statement) {
    return !statement.settings.empty() || statement.opaque != OpaqueReason::kNone;
  });
}

// At most `bytes` of a text, never half a character.
std::string_view clipped(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// Whether the statement itself names databases by other bytes than ASCII.
bool names_beyond_ascii(const StatementFacts& facts) {
  const policies::SessionNames none = policies::mysql_session_names("", policies::NameCase::kUnknown);
  const std::vector<std::string> named = policies::touched_databases(facts, none);
  return !std::all_of(named.begin(), named.end(), is_seven_bit);
}

// Statements that may answer with any number of results.
bool gives_several_results(const StatementFacts& facts) {
  return facts.opaque != OpaqueReason::kNone || facts.prepared == PreparedUse::kExecute || !facts.inner.empty() ||
         facts.classes.has(StatementClass::kUnread);
}

StatementFacts unknown_execute(const StatementFacts& execute) {
  StatementFacts facts = execute;
  facts.classes.add(StatementClass::kOpaque);
  facts.opaque = OpaqueReason::kUnknownPrepared;
  return facts;
}

std::string_view statement_text(std::string_view text, const StatementFacts& facts) {
  if (facts.offset >= text.size()) return text;
  return text.substr(facts.offset, facts.length == 0 ? std::string_view::npos : facts.length);
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

policies::Subject SessionCore::subject(const TrackedState& state) const {
  policies::Subject subject;
  subject.user = user_;
  subject.role = state.role();
  // Nothing on the wire says what the account may do.
  subject.superuser = true;
  subject.database = state.database();
  subject.application = application_;
  subject.client_address = settings_.origin.address;
  subject.client_certificate = client_certificate_;
  subject.migration_listener = settings_.origin.migration_listener;
  subject.now = services_.now();
  return subject;
}

bool SessionCore::must_read_harmless() const {
  return !aftermath_.empty() || view_->policy->judges_harmless_texts() ||
         parser::mysql::is_system_database(state_.database());
}

std::string SessionCore::reference() {
  return fmt::format("{}/{}", settings_.server->name, services_.next_reference());
}

void SessionCore::judge_text(const ClientCommand& command, Text text) {
  refresh_view();
  const auto which = static_cast<Command>(command.payload.front());
  const bool prepares = which == Command::kStmtPrepare;
  const Limits& limits = settings_.config->limits;
  // Harmless ones are remembered too, or their executions could not be told from those of others.
  if (prepares && statements_.size() >= limits.statements_per_session_max) {
    return on_unreadable(command, "too_many_prepared");
  }
  const parser::mysql::ScanResult scan = parser::mysql::scan_sql(text, state_.reading);
  // What a ROLLBACK takes back matters while audited statements are open; else the status flags tell enough.
  const bool harmless = scan.verdict == ScanVerdict::kHarmless && (!scan.has_transaction_control || journal_.empty());
  if (harmless && !must_read_harmless()) {
    forward(command);
    pending_.push(PendingCommand(which, server_capabilities_));
    return;
  }
  if (must_wait()) return hold(command);
  if (prepares && statements_.text_bytes() + text.size() > limits.prepared_bytes_per_session_max) {
    return on_unreadable(command, "too_many_prepared");
  }
  ReadingState after = state_.reading;
  std::shared_ptr<const TextFacts> facts = std::exchange(parsed_, nullptr);
  if (facts != nullptr) {
    if (may_change_reading(*facts)) after.forget_settings();
  } else if (text.size() > kReadAtOnceBytesMax) {
    // A long text must not keep the worker's other sessions waiting.
    hold(command);
    held_->job = ++next_job_;
    services_.start_parse({.text = std::string(text), .reading = state_.reading, .id = held_->job});
    return;
  } else {
    facts = std::make_shared<const TextFacts>(
        parser::mysql::read_statements(text, after, {.statements_max = limits.statements_max}));
  }
  judge_facts(command, std::move(facts), text, after, state_.reading.character_set, !prepares);
}

void SessionCore::on_parsed(uint64_t job_id, std::shared_ptr<const TextFacts> facts) {
  if (!held_ || held_->job != job_id || phase_ == Phase::kClosing) return;
  held_->job = 0;
  parsed_ = std::move(facts);
  retry_held();
  parsed_.reset();
  resume_client();
  end_if_draining();
}

void SessionCore::on_unreadable(const ClientCommand& command, std::string_view reason) {
  if (must_wait()) return hold(command, reason);
  refresh_view();
  auto facts = std::make_shared<TextFacts>();
  facts->unread = true;
  facts->unread_reason = std::string(reason);
  judge_facts(command, std::move(facts), command.payload.substr(1), state_.reading, state_.reading.character_set, true);
}

bool SessionCore::databases_of(const StatementFacts& facts, const TrackedState& state, const Judged& judged,
                               std::vector<std::string>& databases) const {
  databases = policies::touched_databases(facts, state.names());
  const bool countable = !databases.empty();
  // The server converts names from the client's character set into UTF-8; the guard does not, and cannot compare them.
  const bool same_database = state.database() == state_.database();
  const bool default_certain = same_database ? database_certain_ : judged.in_utf8 || is_seven_bit(state.database());
  if (countable && default_certain && (judged.in_utf8 || !names_beyond_ascii(facts))) return true;
  if (!countable) databases.push_back(state.database());
  // It may be any of them.
  for (const ServerConfig::Database& configured : settings_.server->databases) databases.push_back(configured.name);
  return countable;
}

Verdict SessionCore::judge_one(const StatementFacts& facts, const TrackedState& state, Judged& judged) {
  const policies::SessionNames names = state.names();
  std::vector<std::string> databases;
  const bool too_many = !databases_of(facts, state, judged, databases);
  std::optional<Verdict> strictest;
  // A statement may name tables of any database, each of which has its own mode and rules.
  for (const std::string& database : databases) {
    const GuardView view = services_.view(database);
    policies::Subject who = subject(state);
    who.database = database;
    Verdict verdict =
        too_many ? view.policy->judge_unread("too_many_databases", who) : view.policy->judge(facts, who, names);
    if (const auto aftermath = aftermath_.verdict(facts)) verdict = *aftermath;
    judged.mode = std::max(judged.mode, view.mode);
    judged.audit_blocks = judged.audit_blocks || view.audit_blocks;
    judged.refused = judged.refused || (view.mode == Mode::kEnforce && verdict.action == Action::kBlock);
    if (view.mode == Mode::kOff) continue;
    if (strictest) {
      keep_stricter(*strictest, verdict);
    } else {
      strictest = std::move(verdict);
    }
  }
  refresh_view();
  return strictest.value_or(Verdict());
}

void SessionCore::judge_execute(const StatementFacts& execute, const TrackedState& state, Judged& judged,
                                RequestedStatement& resolved, Verdict& verdict) {
  const auto name = parser::to_lower(execute.prepared_name);
  // A PREPARE earlier in the same text is the nearest definition.
  for (size_t i = judged.statements.size(); i > 0; --i) {
    const StatementFacts& earlier = *judged.statements[i - 1].facts;
    if (earlier.prepared != PreparedUse::kPrepare || parser::to_lower(earlier.prepared_name) != name) continue;
    if (earlier.inner.empty()) break;
    resolved.facts = &earlier.inner.front();
    keep_stricter(verdict, judge_one(*resolved.facts, state, judged));
    return;
  }
  if (const auto known = named_statements_.find(name); known != named_statements_.end()) {
    judged.owners.push_back(known->second);
    resolved.facts = known->second.get();
    keep_stricter(verdict, judge_one(*resolved.facts, state, judged));
    return;
  }
  keep_stricter(verdict, judge_one(unknown_execute(execute), state, judged));
}

SessionCore::Judged SessionCore::judge_statements(const std::shared_ptr<const TextFacts>& facts, Text text,
                                                  parser::mysql::CharacterSet written_in) {
  Judged judged;
  judged.in_utf8 = written_in == parser::mysql::CharacterSet::kUtf8;
  judged.owners.push_back(facts);
  // A later statement of one text runs only if the earlier ones have succeeded: it is judged with their effects.
  TrackedState state = state_;
  for (const StatementFacts& written : facts->statements) {
    RequestedStatement statement{.facts = &written};
    Verdict verdict = judge_one(written, state, judged);
    if (written.prepared == PreparedUse::kExecute) judge_execute(written, state, judged, statement, verdict);
    state.apply(*statement.facts);
    judged.in_utf8 = judged.in_utf8 && written.settings.empty();
    judged.add(statement, std::move(verdict));
  }
  if (!facts->unread) return judged;
  services_.count("texts_unread");
  const Verdict unread = view_->policy->judge_unread(facts->unread_reason, subject(state));
  judged.mode = std::max(judged.mode, view_->mode);
  judged.audit_blocks = judged.audit_blocks || view_->audit_blocks;
  judged.refused = judged.refused || (view_->mode == Mode::kEnforce && unread.action == Action::kBlock);
  if (judged.each.empty()) {
    const auto whole = std::make_shared<StatementFacts>();
    whole->classes.add(StatementClass::kUnread);
    whole->unread_reason = facts->unread_reason;
    whole->length = text.size();
    judged.owners.push_back(whole);
    judged.add({.facts = whole.get()}, unread);
  } else {
    for (Verdict& verdict : judged.each) keep_stricter(verdict, unread);
    keep_stricter(judged.strictest, unread);
  }
  return judged;
}

void SessionCore::judge_facts(const ClientCommand& command, std::shared_ptr<const TextFacts> facts, Text text,
                              ReadingState reading_after, parser::mysql::CharacterSet written_in, bool executes) {
  const auto which = static_cast<Command>(command.payload.front());
  Judged judged = judge_statements(facts, text, written_in);
  PendingCommand pending(which, server_capabilities_);
  pending.details = std::make_unique<CommandDetails>();
  CommandDetails& details = *pending.details;
  details.reading_before = state_.reading;
  details.reading_after = reading_after;
  pending.forgets = facts->unread;
  for (const RequestedStatement& statement : judged.statements) {
    pending.may_ask_file = pending.may_ask_file || statement.facts->copy == parser::CopyUse::kFromStdin;
    details.parts_unclear = details.parts_unclear || gives_several_results(*statement.facts);
  }
  // One statement's results are its own, however many they are.
  if (judged.statements.size() == 1) details.parts_unclear = false;
  if (which == Command::kStmtPrepare) {
    details.prepared = std::make_shared<const Prepared>(
        Prepared{.facts = std::move(facts), .text = std::string(text), .reading = state_.reading});
    pending.may_ask_file = false;
  }
  admit(command, std::move(pending), std::move(judged), text, executes);
}

bool SessionCore::is_first_use(const StatementFacts& facts) {
  services_.count("unproved_routine_calls");
  bool first = false;
  for (const std::string& routine : facts.functions) {
    if (services_.is_first_use(state_.database(), user_, routine)) first = true;
  }
  return first;
}

void SessionCore::admit(const ClientCommand& command, PendingCommand pending, Judged judged, Text text, bool executes) {
  const bool refused = judged.refused;
  const bool waits = judged.audit_blocks && judged.mode == Mode::kEnforce && !refused;
  std::string ref;
  const bool recorded = (refused || executes) && judged.mode != Mode::kOff;
  if (recorded && judged.strictest.action >= Action::kWarn) ref = reference();
  std::vector<uint64_t> tickets;
  for (size_t i = 0; recorded && i < judged.each.size(); ++i) {
    RequestedStatement& statement = judged.statements[i];
    // What is only prepared changes nothing yet.
    if (!refused && statement.facts->prepared == PreparedUse::kPrepare) continue;
    const bool first_use = !refused && judged.each[i].summarised && is_first_use(*statement.facts);
    const bool blocked = refused && judged.each[i].action == Action::kBlock;
    if (!judged.each[i].audited && !blocked && !first_use) continue;
    // Nobody waits for the audit file because of a routine that is allowed anyway.
    const bool waits_for_this = waits && !first_use;
    statement.ticket = audit_statement(*statement.facts, judged.each[i], judged, statement_text(text, *statement.facts),
                                       static_cast<uint32_t>(i), refused, ref, waits_for_this);
    if (waits_for_this && statement.ticket != 0) tickets.push_back(statement.ticket);
  }
  if (refused) {
    for (const RequestedStatement& statement : judged.statements) aftermath_.note_refused(*statement.facts);
    refuse(command, judged.strictest, ref);
    return;
  }
  const bool warns = judged.mode >= Mode::kWarn && judged.strictest.action >= Action::kWarn;
  if (recorded && warns)
    services_.warn(fmt::format("{} (rule {}, ref {})", judged.strictest.message, judged.strictest.rule, ref));
  if (pending.command != Command::kStmtPrepare) {
    pending.details->statements = std::move(judged.statements);
    pending.details->owners = std::move(judged.owners);
  }
  if (tickets.empty()) {
    forward(command);
    pending_.push(std::move(pending));
    return;
  }
  hold(command);
  ++message_number_;  // it will not be taken up again, only sent
  held_->tickets = std::move(tickets);
  held_->ready = std::move(pending);
}

void SessionCore::refuse(const ClientCommand& command, const Verdict& verdict, const std::string& ref) {
  services_.count("statements_refused");
  const std::string place = fmt::format(" (rule {}, reason {}, ref {})", verdict.rule, verdict.reason, ref);
  constexpr std::string_view kPrefix = "schemaguard: ";
  const size_t room = kErrorMessageBytesMax - std::min(kErrorMessageBytesMax, kPrefix.size() + place.size());
  std::string message =
      fmt::format("{}{}{}", kPrefix, clipped(verdict.message, room), clipped(place, kErrorMessageBytesMax));
  if (!verdict.hint.empty() && message.size() + 2 < kErrorMessageBytesMax) {
    message += fmt::format(". {}", clipped(verdict.hint, kErrorMessageBytesMax - message.size() - 2));
  }
  drop_message(command, parser::mysql::kErrTableAccessDenied, "42000", message);
  if (static_cast<Command>(command.payload.front()) == Command::kStmtPrepare) prepare_refused_ = true;
  aftermath_.note_verdict(verdict);
  if (!aftermath_.disconnects()) return;
  if (!refusal_.empty()) to_client_.own(std::exchange(refusal_, std::string()));
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

void SessionCore::on_audit_written(uint64_t ticket, bool ok) {
  if (!held_ || !held_->ready || phase_ == Phase::kClosing) return;
  const auto found = std::find(held_->tickets.begin(), held_->tickets.end(), ticket);
  if (found == held_->tickets.end()) return;
  held_->tickets.erase(found);
  held_->audit_failed = held_->audit_failed || !ok;
  if (!held_->tickets.empty()) return;
  HeldCommand held = *std::exchange(held_, std::nullopt);
  const Text message = to_server_.keep(std::move(held.message));
  send_ready(with_message(message, held.rest_bytes), *std::move(held.ready), held.audit_failed);
  if (!held_) release_reserved();
  resume_client();
  end_if_draining();
}

void SessionCore::send_ready(const ClientCommand& command, PendingCommand pending, bool audit_failed) {
  if (!audit_failed) {
    forward(command);
    pending_.push(std::move(pending));
    return;
  }
  services_.count("audit_blocked_statements");
  TransactionJournal::Outcomes outcomes;
  for (const RequestedStatement& statement : pending.details->statements) {
    if (statement.ticket == 0) continue;
    outcomes.push_back({.ticket = statement.ticket, .outcome = policies::Outcome::kRefused});
  }
  audit_outcomes(outcomes);
  refuse(command, policies::audit_unavailable(), reference());
}

}  // namespace schemaguard::proxy::mysql
