// Records and outcomes for the audit (design section 10).
#include <algorithm>

#include <fmt/format.h>

#include "policies/audit/redaction.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::StatementFacts;
using policies::Action;
using policies::AuditEvent;
using policies::AuditRecord;
using policies::Mode;
using policies::Outcome;

AuditRecord SessionCore::new_record(AuditEvent event) const {
  AuditRecord record;
  record.event = event;
  record.session = audit_session_;
  record.ts = services_.now();
  record.message = message_number_;
  if (view_ != nullptr && view_->policy) record.policy = view_->policy->version();
  record.role = state_.role();
  return record;
}

void SessionCore::audit_session_event(std::string_view action, uint16_t error) {
  if (!audit_session_ || view_ == nullptr || view_->mode == Mode::kOff || !view_->audit_enabled) return;
  AuditRecord record = new_record(AuditEvent::kSession);
  record.detail = error == 0 ? fmt::format("{{\"action\":\"{}\"}}", action)
                             : fmt::format("{{\"action\":\"{}\",\"error\":{}}}", action, error);
  services_.audit(std::move(record), false);
}

uint64_t SessionCore::audit_statement(const StatementFacts& facts, const policies::Verdict& verdict,
                                      const Judged& judged, Text text, uint32_t part, bool refused,
                                      const std::string& ref, bool wait) {
  if (!view_->audit_enabled) return 0;
  AuditRecord record = new_record(AuditEvent::kStatement);
  record.ticket = services_.next_ticket();
  record.part = part;
  record.classes = verdict.classes.empty() ? facts.classes : verdict.classes;
  // A copy: audited statements are rare, and the record outlives the command. Command, objects and changes follow.
  record.facts = std::make_shared<const StatementFacts>(facts);
  policies::SessionNames names = state_.names();
  std::shared_ptr<const policies::LostStatement> kept;
  if (settings_.server->guard_login && !refused) {
    kept = std::make_shared<const policies::LostStatement>(
        policies::LostStatement{.ticket = record.ticket, .facts = record.facts, .names = names, .role = record.role});
  }
  record.temporary_names = std::move(names.temporary);
  if (names.search_path_certain) record.search_path = std::move(names.search_path);
  record.name_case = names.name_case;
  record.reading = state_.reading;
  const bool unread = facts.classes.has(parser::StatementClass::kUnread);
  record.statement =
      unread ? policies::describe_unread(text) : policies::redact_mysql_statement(text, facts, state_.reading);
  if (!unread) record.fingerprint = policies::fingerprint_mysql(text, state_.reading);
  record.would = verdict.action;
  if (refused) {
    record.verdict = Action::kBlock;
    record.outcome = Outcome::kRefused;
  } else {
    const Action done = judged.mode == Mode::kWarn ? Action::kWarn : Action::kAllow;
    record.verdict = verdict.action == Action::kBlock ? done : verdict.action;
  }
  record.rule = verdict.rule;
  record.reason = verdict.reason;
  record.ref = ref;
  record.sanctioned = view_->policy->is_migrator(subject(state_));
  if (record.sanctioned) record.strength = "login";
  const uint64_t ticket = record.ticket;
  if (!refused) open_tickets_[ticket] = {.since = record.ts, .kept = std::move(kept)};
  services_.audit(std::move(record), wait);
  return refused ? 0 : ticket;
}

void SessionCore::audit_outcomes(const TransactionJournal::Outcomes& outcomes) {
  for (const StatementOutcome& outcome : outcomes) {
    AuditRecord record = new_record(AuditEvent::kOutcome);
    record.of_ticket = outcome.ticket;
    record.message = 0;  // the statement's own record has its place
    record.outcome = outcome.outcome;
    record.sqlstate = outcome.sqlstate;
    if (const auto open = open_tickets_.find(outcome.ticket); open != open_tickets_.end()) {
      record.duration_us = absl::ToInt64Microseconds(record.ts - open->second.since);
      open_tickets_.erase(open);
    }
    services_.audit(std::move(record), false);
  }
  // An idle session holds no buffer.
  if (open_tickets_.empty() && open_tickets_.capacity() > 0) decltype(open_tickets_)().swap(open_tickets_);
}

void SessionCore::finish_audit() {
  if (audit_finished_) return;
  audit_finished_ = true;
  TransactionJournal::Outcomes outcomes;
  bool may_have_committed = false;
  std::vector<uint64_t> unanswered;
  for (const PendingCommand& command : pending_) {
    if (!command.details) {
      // An ordinary text may hold a COMMIT.
      may_have_committed = may_have_committed || !command.internal;
      continue;
    }
    for (const RequestedStatement& statement : command.details->statements) {
      may_have_committed = true;
      // It may have run before the connection went, and nobody heard.
      if (statement.ticket != 0) unanswered.push_back(statement.ticket);
    }
  }
  journal_.on_end(may_have_committed ? Outcome::kUnknown : Outcome::kRolledBack, outcomes);
  const size_t answered = outcomes.size();
  for (const uint64_t ticket : unanswered) outcomes.push_back({.ticket = ticket, .outcome = Outcome::kUnknown});
  std::optional<policies::LostTransaction> lost = lost_among(outcomes, answered);
  if (held_ && held_->ready && held_->ready->details) {
    // Recorded, but never sent.
    for (const RequestedStatement& statement : held_->ready->details->statements) {
      if (statement.ticket != 0) outcomes.push_back({.ticket = statement.ticket, .outcome = Outcome::kRolledBack});
    }
  }
  audit_outcomes(outcomes);
  if (lost) services_.settle_later(*std::move(lost));
  if (logged_in_) audit_session_event("logout");
}

std::optional<policies::LostTransaction> SessionCore::lost_among(const TransactionJournal::Outcomes& outcomes,
                                                                 size_t answered) const {
  if (!settings_.server->guard_login) return std::nullopt;
  policies::LostTransaction lost{.session = audit_session_,
                                 .process_id = connection_id_,
                                 .address = upstream_address_,
                                 .sent = absl::InfiniteFuture(),
                                 .atomic = false};
  for (size_t at = 0; at < outcomes.size(); ++at) {
    const auto open = open_tickets_.find(outcomes[at].ticket);
    if (outcomes[at].outcome != Outcome::kUnknown || open == open_tickets_.end()) continue;
    policies::LostStatement statement =
        open->second.kept ? *open->second.kept : policies::LostStatement{.ticket = outcomes[at].ticket};
    statement.answered = at < answered;
    if (!statement.answered) lost.sent = std::min(lost.sent, open->second.since);
    lost.statements.push_back(std::move(statement));
  }
  if (lost.statements.empty()) return std::nullopt;
  return lost;
}

}  // namespace schemaguard::proxy::mysql
