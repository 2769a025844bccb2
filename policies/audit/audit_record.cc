#include "policies/audit/audit_record.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "policies/audit/audit_format.h"
#include "policies/audit/facts_json.h"
#include "policies/json/json_text.h"

namespace schemaguard::policies {

namespace {

// A byte of text becomes at most six of JSON, so these sum up to less than kAuditLineBytesMax.
constexpr size_t kNameBytesMax = 512;
constexpr size_t kStatementBytesMax = 32UL * 1024;
constexpr size_t kDetailBytesMax = 32UL * 1024;
constexpr size_t kObjectsBytesMax = 24UL * 1024;
constexpr size_t kChangesBytesMax = 256UL * 1024;
constexpr size_t kFactsBytesMax = 64UL * 1024;

void add_text(std::string& out, std::string_view member, std::string_view value, size_t bytes_max = kNameBytesMax) {
  if (value.empty()) return;
  append_pieces(out, {",\"", member, "\":"});
  append_json_string(out, value, bytes_max);
}

void add_classes(std::string& out, parser::ClassSet classes) {
  if (classes.empty()) return;
  out += ",\"class\":";
  append_class_list(out, classes);
}

void add_strings(std::string& out, std::string_view member, const std::vector<std::string>& values) {
  if (values.empty()) return;
  const size_t end_max = out.size() + kObjectsBytesMax;
  append_pieces(out, {",\"", member, "\":["});
  size_t left = values.size();
  for (const std::string& value : values) {
    if (out.size() >= end_max) break;
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, value, kNameBytesMax);
    --left;
  }
  out.push_back(']');
  if (left > 0) append_pieces(out, {",\"", member, "_left_out\":", std::to_string(left)});
}

parser::ClassSet classes_of(const AuditRecord& record) {
  if (!record.classes.empty() || record.facts == nullptr) return record.classes;
  return record.facts->classes;
}

std::vector<std::string> objects_of(const parser::StatementFacts& facts) {
  std::vector<std::string> objects;
  for (const parser::ObjectUse& use : facts.objects) objects.push_back(use.name.display());
  return objects;
}

void add_what(std::string& out, const AuditRecord& record) {
  add_classes(out, classes_of(record));
  const parser::StatementFacts* facts = record.facts.get();
  add_text(out, "command", record.command.empty() && facts != nullptr ? facts->command : record.command);
  add_strings(out, "objects", record.objects.empty() && facts != nullptr ? objects_of(*facts) : record.objects);
  const auto& changes = record.changes.empty() && facts != nullptr ? facts->changes : record.changes;
  if (changes.empty()) return;
  out += ",\"changes\":";
  const bool mysql = record.session != nullptr && record.session->engine == "mysql";
  const size_t left = append_changes_json(out, changes, {.mysql = mysql, .reading = record.reading}, kChangesBytesMax);
  if (left > 0) append_pieces(out, {",\"changes_left_out\":", std::to_string(left)});
}

void add_session(std::string& out, const AuditSession& session, std::string_view role) {
  add_text(out, "server", session.server);
  add_text(out, "database", session.database);
  add_text(out, "engine", session.engine);
  add_text(out, "session", session.session);
  add_text(out, "user", session.user);
  add_text(out, "role", role);
  add_text(out, "application", session.application);
  add_text(out, "client", session.client);
  add_text(out, "certificate", session.certificate);
}

// A statement and a refused login have a verdict; other events have none.
bool has_verdict(const AuditRecord& record) {
  if (record.event == AuditEvent::kOutcome) return false;
  return record.event == AuditEvent::kStatement || !record.rule.empty() || !record.reason.empty();
}

void add_verdict(std::string& out, const AuditRecord& record) {
  if (has_verdict(record)) {
    add_text(out, "verdict", action_name(record.verdict));
    add_text(out, "would", action_name(record.would));
  }
  add_text(out, "rule", record.rule);
  add_text(out, "reason", record.reason);
  add_text(out, "ref", record.ref);
  add_text(out, "migration", record.migration);
  add_text(out, "strength", record.strength);
  add_text(out, "approval", record.approval);
  add_text(out, "ticket", record.ticket_id);
  if (record.outcome != Outcome::kNone) add_text(out, "outcome", outcome_name(record.outcome));
  add_text(out, "sqlstate", record.sqlstate);
  if (record.duration_us >= 0) absl::StrAppend(&out, ",\"duration_us\":", record.duration_us);
}

void add_additions(std::string& out, const AuditRecord& record) {
  if (record.session != nullptr && record.session->migration_listener) out += ",\"listener\":\"migration\"";
  if (record.sanctioned) out += ",\"sanctioned\":true";
  add_strings(out, "temporary_names", record.temporary_names);
  add_strings(out, "search_path", record.search_path);
  add_text(out, "name_case", name_case_word(record.name_case));
  if (record.facts != nullptr) {
    const size_t before = out.size();
    out += ",\"facts\":";
    if (!append_facts_json(out, *record.facts, classes_of(record), kFactsBytesMax)) out.resize(before);
  }
  if (record.detail.empty()) return;
  if (record.detail.size() <= kDetailBytesMax) {
    out += ",\"detail\":";
    append_json_object_text(out, record.detail);
  } else {
    absl::StrAppend(&out, ",\"detail\":{\"left_out_bytes\":", record.detail.size(), "}");
  }
}

void append_digits(std::string& out, int64_t value, int width) {
  std::array<char, 20> digits{};
  for (int at = width; at > 0; --at) {
    digits.at(static_cast<size_t>(at - 1)) = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits.data(), static_cast<size_t>(width));
}

}  // namespace

std::string_view audit_event_name(AuditEvent event) {
  switch (event) {
    case AuditEvent::kSession:
      return "session";
    case AuditEvent::kStatement:
      return "statement";
    case AuditEvent::kOutcome:
      return "outcome";
    case AuditEvent::kPolicy:
      return "policy";
    case AuditEvent::kDrift:
      return "drift";
    case AuditEvent::kApproval:
      return "approval";
    case AuditEvent::kCheckpoint:
      return "checkpoint";
    case AuditEvent::kGap:
      return "gap";
  }
  return "gap";
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return "none";
    case Outcome::kCommitted:
      return "committed";
    case Outcome::kRolledBack:
      return "rolled_back";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kUnknown:
      return "unknown";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kPrepared:
      return "prepared";
  }
  return "unknown";
}

std::string audit_timestamp(absl::Time time) {
  const absl::TimeZone::CivilInfo civil = absl::UTCTimeZone().At(time);
  const int64_t year = std::clamp<int64_t>(civil.cs.year(), 0, 9999);
  std::string out;
  out.reserve(27);
  append_digits(out, year, 4);
  out.push_back('-');
  append_digits(out, civil.cs.month(), 2);
  out.push_back('-');
  append_digits(out, civil.cs.day(), 2);
  out.push_back('T');
  append_digits(out, civil.cs.hour(), 2);
  out.push_back(':');
  append_digits(out, civil.cs.minute(), 2);
  out.push_back(':');
  append_digits(out, civil.cs.second(), 2);
  out.push_back('.');
  append_digits(out, absl::ToInt64Microseconds(civil.subsecond), 6);
  out.push_back('Z');
  return out;
}

std::string audit_record_members(const AuditRecord& record, uint64_t of_seq, std::string_view instance) {
  std::string out;
  out.reserve(1024 + record.statement.size());
  append_pieces(out, {"\"ts\":\"", audit_timestamp(record.ts), "\""});
  if (of_seq != 0) absl::StrAppend(&out, ",\"of\":", of_seq);
  if (record.message != 0) absl::StrAppend(&out, ",\"message\":", record.message, ",\"part\":", record.part);
  add_text(out, "event", audit_event_name(record.event));
  add_text(out, "instance", instance);
  add_text(out, "policy", record.policy);
  if (record.session != nullptr) {
    add_session(out, *record.session, record.role);
  } else {
    add_text(out, "role", record.role);
  }
  add_what(out, record);
  add_text(out, "statement", record.statement, kStatementBytesMax);
  add_text(out, "fingerprint", record.fingerprint);
  add_verdict(out, record);
  add_additions(out, record);
  return out;
}

}  // namespace schemaguard::policies
