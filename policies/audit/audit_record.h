// AuditRecord: one event of the audit before it is numbered and chained (design section 10), and its JSON line.
//
// Sessions fill records; the audit log gives them `seq`, `prev` and `hash`, and `ts` when it is not set. Field names in
// JSON are a contract: add, never rename. `statement` must be redacted before it comes here
// (policies/audit/redaction.h); the texts inside changes are redacted while they are written, by the session's engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"
#include "policies/rules/session_names.h"
#include "policies/rules/verdict.h"

namespace schemaguard::policies {

enum class AuditEvent : uint8_t { kSession, kStatement, kOutcome, kPolicy, kDrift, kApproval, kCheckpoint, kGap };
std::string_view audit_event_name(AuditEvent event);

// kPrepared: waits in a prepared transaction for its end; kUnknown: the connection broke, another outcome may follow.
enum class Outcome : uint8_t { kNone, kCommitted, kRolledBack, kFailed, kUnknown, kRefused, kPrepared };
std::string_view outcome_name(Outcome outcome);

// What is the same for every record of one session; shared, never copied per statement.
struct AuditSession {
  std::string server, database, engine, session, user, application, client, certificate;
  bool migration_listener = false;  // came through the migration listener; written as `listener`
};

struct AuditRecord {
  AuditEvent event = AuditEvent::kStatement;
  std::shared_ptr<const AuditSession> session;
  // Identifies a statement until the log has given it a seq: an outcome names its statement by `of_ticket`, the log
  // writes the statement's seq into `of`. 0: none. Unique within the process (proxy/audit hands them out).
  uint64_t ticket = 0;
  uint64_t of_ticket = 0;
  uint64_t of_seq = 0;   // instead of `of_ticket`, for a statement that another process has recorded in this file
  uint64_t message = 0;  // number of the client message within the session, from 1
  uint32_t part = 0;     // statement within the message, from 0
  absl::Time ts;
  std::string policy;
  std::string role;
  parser::ClassSet classes;
  std::string command;
  std::vector<std::string> objects;
  std::vector<parser::Change> changes;
  // The facts that were judged. Where given, `classes`, `command`, `objects` and `changes` are taken from them unless
  // filled above, and what else a later judgement needs (functions, settings, …) is written as `facts`. Costs the
  // session no copy: std::shared_ptr<const StatementFacts>(text_facts, &text_facts->statements[i]).
  std::shared_ptr<const parser::StatementFacts> facts;
  // Names in the statement that meant temporary objects when it was judged, as the text spells them; they make a
  // later judgement come out the same.
  std::vector<std::string> temporary_names;
  // The confirmed search_path that unqualified names were resolved with; empty when it was not certain.
  // MySQL: the default database alone.
  std::vector<std::string> search_path;
  NameCase name_case = NameCase::kExact;
  // MySQL: what was known of the reading when the statement was read; the texts inside changes are cut by it.
  parser::mysql::ReadingState reading;
  std::string statement;  // redacted text
  std::string fingerprint;
  Action verdict = Action::kAllow;  // what was done
  Action would = Action::kAllow;    // what enforce would have done
  std::string rule, reason, ref;
  bool sanctioned = false;
  std::string migration, strength, approval, ticket_id;
  Outcome outcome = Outcome::kNone;
  std::string sqlstate;
  int64_t duration_us = -1;
  std::string detail;  // for session, policy, gap and drift events: a JSON object as text, or empty
};

// The record as the members of a JSON object, without braces, `v`, `seq`, `prev` and `hash`; ASCII-safe, one line,
// short enough for kAuditLineBytesMax whatever the record holds. Order: ts, of, message, part, event, instance, policy,
// server, database, engine, session, user, role, application, client, certificate, class, command, objects, changes,
// statement, fingerprint, verdict, would, rule, reason, ref, migration, strength, approval, ticket, outcome, sqlstate,
// duration_us, listener, sanctioned, temporary_names, search_path, name_case, facts, detail. What does not apply is
// left out.
std::string audit_record_members(const AuditRecord& record, uint64_t of_seq, std::string_view instance = {});

// "2026-11-21T00:42:00.123456Z": how the audit writes a moment.
std::string audit_timestamp(absl::Time time);

}  // namespace schemaguard::policies
