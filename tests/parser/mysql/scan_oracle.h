// The statement reader as the oracle of the scanner: one text, scanned and read, and what the two may not disagree
// about. Shared by the property test and the fuzz target.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "parser/mysql/sql_scanner.h"
#include "parser/mysql/statement_reader.h"

namespace schemaguard::parser::mysql::scan_oracle {

// Why this statement is more than the scanner may call harmless; empty when it is not.
inline std::string objection(const StatementFacts& facts) {
  ClassSet rest = facts.classes;
  rest.remove(StatementClass::kQuery);
  rest.remove(StatementClass::kTransaction);
  if (!rest.empty()) return "class beyond queries and transactions: " + facts.command + " " + facts.unread_reason;
  if (!facts.functions.empty()) return "function " + facts.functions.front();
  if (!facts.settings.empty()) return "setting " + facts.settings.front().name;
  if (!facts.changes.empty() || !facts.objects.empty() || !facts.inner.empty()) return "changes something";
  if (facts.prepared != PreparedUse::kNone || facts.copy != CopyUse::kNone) return "prepares or copies";
  return {};
}

// Under one exact reading.
inline std::string disagreement_in(std::string_view text, ReadingState exact, const ScanResult& scanned) {
  const TextFacts facts = read_statements(text, exact);
  if (scanned.verdict == ScanVerdict::kUnreadable) {
    const bool unread = std::any_of(facts.statements.begin(), facts.statements.end(),
                                    [](const StatementFacts& one) { return one.classes.has(StatementClass::kUnread); });
    return unread ? "" : "called unreadable and read";
  }
  if (facts.unread) return "unread: " + facts.unread_reason;
  if (facts.statements.size() != scanned.statement_count) {
    return "counted " + std::to_string(scanned.statement_count) + ", read " + std::to_string(facts.statements.size());
  }
  bool transaction = false;
  for (const StatementFacts& one : facts.statements) {
    if (std::string found = objection(one); !found.empty()) return found;
    transaction = transaction || one.transaction != TransactionControl::kNone;
  }
  return transaction == scanned.has_transaction_control ? "" : "transaction control";
}

// What is wrong with the scanner's answer; empty when nothing is.
inline std::string find_disagreement(std::string_view text, const ReadingState& state) {
  const ScanResult scanned = scan_sql(text, state);
  if (scanned.verdict == ScanVerdict::kNeedsGrammar) return {};
  for (const Reading& reading : possible_readings(state, text)) {
    if (std::string found = disagreement_in(text, state_of(reading), scanned); !found.empty()) return found;
  }
  return {};
}

}  // namespace schemaguard::parser::mysql::scan_oracle
