#include "policies/audit/audit_print.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "policies/rules/concatenate.h"

namespace schemaguard::policies {

namespace {

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += text;
  }
  return joined;
}

// What happened to the statement: what was done and, where it differs, what enforce would have done.
std::string verdict_text(const AuditEntry& entry) {
  const std::string_view verdict = entry.text("verdict");
  const std::string_view would = entry.text("would");
  if (verdict.empty()) return {};
  if (would.empty() || would == verdict) return concatenate({"  ", verdict});
  return concatenate({"  ", verdict, " (would ", would, ")"});
}

std::string who_text(const AuditEntry& entry) {
  std::string who;
  if (!entry.text("database").empty()) who = concatenate({"  ", entry.text("server"), "/", entry.text("database")});
  if (entry.text("user").empty()) return who;
  who += concatenate({"  ", entry.text("user")});
  if (!entry.text("role").empty() && entry.text("role") != entry.text("user")) {
    who += concatenate({" as ", entry.text("role")});
  }
  if (!entry.text("client").empty()) who += concatenate({" from ", entry.text("client")});
  if (!entry.text("application").empty()) who += concatenate({" (", entry.text("application"), ")"});
  return who;
}

std::string reason_text(const AuditEntry& entry) {
  std::string reason;
  constexpr std::array<std::string_view, 6> kMembers = {"reason", "rule", "ref", "migration", "approval", "ticket"};
  for (const std::string_view member : kMembers) {
    if (entry.text(member).empty()) continue;
    if (!reason.empty()) reason += ", ";
    reason += concatenate({member, " ", entry.text(member)});
  }
  return reason.empty() ? reason : concatenate({"  [", reason, "]"});
}

std::string outcome_text(const AuditEntry& entry, const OutcomeIndex::Outcome& outcome) {
  if (entry.is("outcome")) {
    std::string text = concatenate({"  ", entry.text("outcome")});
    if (entry.number("of") != 0) text += concatenate({" of #", std::to_string(entry.number("of"))});
    if (!entry.text("sqlstate").empty()) text += concatenate({" ", entry.text("sqlstate")});
    return text;
  }
  if (outcome.text.empty()) return {};
  std::string text = concatenate({"  ", outcome.text});
  if (!outcome.sqlstate.empty()) text += concatenate({" ", outcome.sqlstate});
  return text;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char one : text) {
    if (one == '"') field.push_back('"');
    field.push_back(one);
  }
  field.push_back('"');
  return field;
}

constexpr std::array<std::string_view, 21> kColumns = {
    "seq",     "ts",          "event",  "of",          "server", "database", "user",
    "role",    "application", "client", "certificate", "class",  "command",  "objects",
    "verdict", "would",       "rule",   "reason",      "ref",    "ticket",   "fingerprint"};

}  // namespace

std::string visible(std::string_view text) {
  static constexpr char kHexDigits[] = "0123456789abcdef";
  std::string out;
  for (const char one : text) {
    const auto byte = static_cast<unsigned char>(one);
    if (byte >= 0x20U && byte != 0x7FU) {
      out.push_back(one);
      continue;
    }
    out += "\\x";
    out.push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 0x0FU]);
  }
  return out;
}

std::string audit_entry_text(const AuditEntry& entry, const OutcomeIndex::Outcome& outcome) {
  std::string line = concatenate({entry.text("ts"), "  #", std::to_string(entry.seq()), "  ", entry.text("event")});
  line += verdict_text(entry);
  line += outcome_text(entry, outcome);
  line += who_text(entry);
  if (!entry.text("command").empty()) line += concatenate({"  ", entry.text("command")});
  const std::string objects = join(entry.texts("objects"), ", ");
  if (!objects.empty()) line += concatenate({" ", objects});
  line += reason_text(entry);
  if (const auto* detail = entry.members().if_contains("detail"); detail != nullptr) {
    line += concatenate({"  ", boost::json::serialize(*detail)});
  }
  std::string out = visible(line) + "\n";
  if (!entry.text("statement").empty()) out += concatenate({"    ", visible(entry.text("statement")), "\n"});
  return out;
}

std::string audit_csv_header() {
  std::string line;
  for (const std::string_view column : kColumns) line += concatenate({column, ","});
  return line + "outcome,sqlstate,statement\n";
}

std::string audit_entry_csv(const AuditEntry& entry, const OutcomeIndex::Outcome& outcome) {
  std::string line;
  for (const std::string_view column : kColumns) {
    if (column == "class" || column == "objects") {
      line += csv_field(join(entry.texts(column), " "));
    } else if (column == "seq" || column == "of") {
      if (entry.number(column) != 0) line += std::to_string(entry.number(column));
    } else {
      line += csv_field(entry.text(column));
    }
    line.push_back(',');
  }
  const std::string_view own = entry.text("outcome");
  line += concatenate({csv_field(own.empty() ? std::string_view(outcome.text) : own), ","});
  const std::string_view state = entry.text("sqlstate");
  line += concatenate({csv_field(state.empty() ? std::string_view(outcome.sqlstate) : state), ","});
  return concatenate({line, csv_field(entry.text("statement")), "\n"});
}

}  // namespace schemaguard::policies
