// Records and outcomes for the audit (design section 10).
#include <fmt/format.h>

#include "policies/audit/redaction.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

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
  record.role = confirmed_.role();
  return record;
}

void SessionCore::audit_session_event(std::string_view action, std::string_view detail) {
  if (!audit_session_ || view_ == nullptr || view_->mode == Mode::kOff || !view_->audit_enabled) return;
  AuditRecord record = new_record(AuditEvent::kSession);
  // Both come from fixed words and a five-letter SQLSTATE: nothing to escape.
  std::string clean;
  for (const char c : detail.substr(0, 5)) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) clean.push_back(c);
  }
  record.detail = clean.empty() ? fmt::format("{{\"action\":\"{}\"}}", action)
                                : fmt::format("{{\"action\":\"{}\",\"sqlstate\":\"{}\"}}", action, clean);
  services_.audit(std::move(record), false);
}

uint64_t SessionCore::audit_statement(const parser::StatementFacts& facts, const policies::Verdict& verdict, Text text,
                                      uint32_t part, bool refused, const std::string& ref, bool wait) {
  if (!view_->audit_enabled) return 0;
  AuditRecord record = new_record(AuditEvent::kStatement);
  record.ticket = services_.next_ticket();
  record.part = part;
  record.classes = verdict.classes.empty() ? facts.classes : verdict.classes;
  // A copy: audited statements are rare, and the record outlives the message. Command, objects and changes follow.
  record.facts = std::make_shared<const parser::StatementFacts>(facts);
  policies::SessionNames names = confirmed_.names(user_);
  record.temporary_names = std::move(names.temporary);
  if (names.search_path_certain) record.search_path = std::move(names.search_path);
  const bool unread = facts.classes.has(parser::StatementClass::kUnread);
  record.statement = unread ? policies::describe_unread(text) : policies::redact_postgres_statement(text, facts);
  if (!unread) record.fingerprint = policies::fingerprint_postgres(text);
  record.would = verdict.action;
  if (refused) {
    record.verdict = Action::kBlock;
    record.outcome = Outcome::kRefused;
  } else {
    const Action done = view_->mode == Mode::kWarn ? Action::kWarn : Action::kAllow;
    record.verdict = verdict.action == Action::kBlock ? done : verdict.action;
  }
  record.rule = verdict.rule;
  record.reason = verdict.reason;
  record.ref = ref;
  record.sanctioned = view_->policy->is_migrator(subject(confirmed_));
  if (record.sanctioned) record.strength = "login";
  const uint64_t ticket = record.ticket;
  if (!refused) open_tickets_[ticket] = record.ts;
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
      record.duration_us = absl::ToInt64Microseconds(record.ts - open->second);
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
  const std::vector<LostGroup> groups = reckon_loss(pending_, loss_);
  for (size_t index = 0; index < groups.size(); ++index) {
    const LostGroup& group = groups[index];
    Outcome outcome = group.may_have_committed ? Outcome::kUnknown : Outcome::kRolledBack;
    if (group.has_committed) outcome = Outcome::kCommitted;
    if (index == 0) journal_.on_disconnect(outcome, outcomes);
    for (const LostPart& part : group.parts) {
      RequestedStatement& statement = pending_.at(part.request).details->statements[part.part];
      // The statement in which the server stopped failed with its last words.
      const bool struck = loss_.stopped_before_commit && outcome == Outcome::kRolledBack && index == 0;
      outcomes.push_back({statement.ticket, outcome, struck ? fatal_sqlstate_ : std::string()});
      statement.ticket = 0;
    }
  }
  if (held_ && held_->request.details) {
    // Recorded, but never sent.
    for (const RequestedStatement& statement : held_->request.details->statements) {
      if (statement.ticket != 0) outcomes.push_back({statement.ticket, Outcome::kRolledBack, {}});
    }
  }
  audit_outcomes(outcomes);
  if (logged_in_) audit_session_event("logout", {});
}

}  // namespace schemaguard::proxy::postgres
