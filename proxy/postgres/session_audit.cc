// Records and outcomes for the audit (design section 10).
#include <fmt/format.h>

#include "policies/audit/redaction.h"
#include "policies/json/json_text.h"
#include "proxy/postgres/session_core.h"

namespace schemaguard::proxy::postgres {

using parser::TransactionControl;
using policies::Action;
using policies::AuditEvent;
using policies::AuditRecord;
using policies::Mode;
using policies::Outcome;

namespace {

// What a record about a transaction under two-phase commit tells besides.
std::string gid_detail(std::string_view gid) {
  std::string detail = "{\"gid\":";
  policies::append_json_string(detail, gid);
  return detail + "}";
}

}  // namespace

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
  policies::SessionNames names = session_names(confirmed_);
  std::shared_ptr<policies::LostStatement> kept;
  if (settings_.server->guard_login && !refused) {
    kept = std::make_shared<policies::LostStatement>(
        policies::LostStatement{.ticket = record.ticket, .facts = record.facts, .names = names, .role = record.role});
    const bool own_path = confirmed_.path_knowledge() == policies::PathKnowledge::kDefault;
    const bool certain = names_are_settled_ && session_authorization_ == user_ && !(own_path && saw_unseen_code_);
    if (certain) kept->path = confirmed_.path_knowledge();
  }
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
  if (!refused) open_tickets_[ticket] = {.since = record.ts, .kept = std::move(kept)};
  services_.audit(std::move(record), wait);
  return refused ? 0 : ticket;
}

void SessionCore::audit_outcomes(const TransactionJournal::Outcomes& outcomes) {
  for (const StatementOutcome& outcome : outcomes) {
    AuditRecord record = new_record(AuditEvent::kOutcome);
    record.of_ticket = outcome.ticket;
    record.of_seq = outcome.seq;
    if (outcome.outcome == Outcome::kPrepared) {
      record.detail = gid_detail(outcome.gid);
    }
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

policies::LostStatement SessionCore::lost_statement(uint64_t ticket, bool answered) const {
  policies::LostStatement lost{.ticket = ticket};
  const auto open = open_tickets_.find(ticket);
  if (open != open_tickets_.end() && open->second.kept) lost = *open->second.kept;
  lost.answered = answered;
  return lost;
}

void SessionCore::two_phase_done(const parser::StatementFacts& facts, Text tag, const std::vector<uint64_t>& prepared,
                                 TransactionJournal::Outcomes& outcomes) {
  const std::string& gid = facts.transaction_name;
  if (facts.transaction == TransactionControl::kPrepareTransaction && tag == "PREPARE TRANSACTION") {
    std::vector<policies::LostStatement> statements;
    for (const uint64_t ticket : prepared) {
      statements.push_back(lost_statement(ticket, true));
      outcomes.push_back({.ticket = ticket, .outcome = Outcome::kPrepared, .gid = gid});
    }
    services_.stash_prepared_transaction(database_, gid, std::move(statements));
    return;
  }
  const bool commits = facts.transaction == TransactionControl::kCommitPrepared;
  if (!commits && facts.transaction != TransactionControl::kRollbackPrepared) return;
  const Outcome outcome = commits ? Outcome::kCommitted : Outcome::kRolledBack;
  const auto statements = services_.take_prepared_transaction(database_, gid);
  if (statements) {
    for (const policies::LostStatement& statement : *statements) {
      outcomes.push_back({.ticket = statement.ticket, .outcome = outcome, .seq = statement.seq});
    }
  } else if (view_->audit_enabled && view_->mode != Mode::kOff) {
    // Whatever it held was recorded by another guard, or too long ago: the record cannot name its statements.
    AuditRecord record = new_record(AuditEvent::kOutcome);
    record.outcome = outcome;
    record.reason = "unknown_prepared_transaction";
    record.detail = gid_detail(gid);
    services_.audit(std::move(record), false);
  }
}

void SessionCore::finish_audit() {
  if (audit_finished_) return;
  audit_finished_ = true;
  TransactionJournal::Outcomes outcomes;
  std::vector<policies::LostTransaction> lost;
  const std::vector<LostGroup> groups = reckon_loss(pending_, loss_);
  for (size_t index = 0; index < groups.size(); ++index) {
    const LostGroup& group = groups[index];
    const size_t first = outcomes.size();
    Outcome outcome = group.may_have_committed ? Outcome::kUnknown : Outcome::kRolledBack;
    if (group.has_committed) outcome = Outcome::kCommitted;
    if (index == 0) journal_.on_disconnect(outcome, outcomes);
    const size_t answered = outcomes.size();
    for (const LostPart& part : group.parts) {
      RequestedStatement& statement = pending_.at(part.request).details->statements[part.part];
      // The statement in which the server stopped failed with its last words.
      const bool struck = loss_.stopped_before_commit && outcome == Outcome::kRolledBack && index == 0;
      outcomes.push_back(
          {.ticket = statement.ticket, .outcome = outcome, .sqlstate = struck ? fatal_sqlstate_ : std::string()});
      statement.ticket = 0;
    }
    policies::LostTransaction transaction;
    for (size_t at = first; at < outcomes.size(); ++at) {
      if (outcomes[at].outcome != Outcome::kUnknown) continue;
      transaction.statements.push_back(lost_statement(outcomes[at].ticket, at < answered));
    }
    if (transaction.statements.empty()) continue;
    transaction.gid = group.gid;
    transaction.atomic = group.atomic;
    lost.push_back(std::move(transaction));
  }
  for (size_t index = 0; index < pending_.size(); ++index) {
    const RequestDetails* details = pending_.at(index).details.get();
    for (size_t part = 0; details != nullptr && part < details->statements.size(); ++part) {
      const TransactionControl control = details->statements[part].facts->transaction;
      if (control != TransactionControl::kCommitPrepared && control != TransactionControl::kRollbackPrepared) continue;
      lost.push_back({.gid = details->statements[part].facts->transaction_name, .ends_prepared = true});
    }
  }
  if (held_ && held_->request.details) {
    // Recorded, but never sent.
    for (const RequestedStatement& statement : held_->request.details->statements) {
      if (statement.ticket != 0) outcomes.push_back({.ticket = statement.ticket, .outcome = Outcome::kRolledBack});
    }
  }
  audit_outcomes(outcomes);
  if (!lost.empty()) settle_later(std::move(lost));
  if (logged_in_) audit_session_event("logout", {});
}

void SessionCore::settle_later(std::vector<policies::LostTransaction> lost) {
  if (!settings_.server->guard_login) return;
  for (policies::LostTransaction& transaction : lost) {
    transaction.session = audit_session_;
    transaction.process_id = server_key_.process_id;
    services_.settle_later(std::move(transaction));
  }
}

}  // namespace schemaguard::proxy::postgres
