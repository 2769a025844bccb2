// Explanation: the facts and verdicts of one text, for people and as JSON (a contract: add, never rename).
//
// Judges with Policy::judge() and carries the effects of each statement (temporary tables, search_path, role, prepared
// statements) to the next, as a session does for the statements of one message. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/audit/facts_json.h"
#include "policies/rules/policy.h"

namespace schemaguard::proxy {

struct ExplainedStatement {
  parser::StatementFacts facts;
  policies::Verdict verdict;
};

struct Explanation {
  std::vector<ExplainedStatement> statements;
  policies::Action action = policies::Action::kAllow;  // the strictest
  bool unread = false;
  policies::ChangeText text;  // how the texts inside changes are redacted
};

// `facts` were read from `text`; `search_path` is empty when it is not known.
Explanation explain(std::string_view text, const parser::TextFacts& facts, const policies::Policy& policy,
                    policies::Subject subject, const std::string& search_path);

// Adds a statement and keeps the strictest action.
void add_explained(Explanation& explanation, parser::StatementFacts facts, policies::Verdict verdict);
// Adds what was left unread of a text.
void add_unread(Explanation& explanation, const parser::TextFacts& facts, const policies::Policy& policy,
                const policies::Subject& subject);

std::string explanation_text(const Explanation& explanation);
std::string explanation_json(const Explanation& explanation);
// 0 passes, 2 would be refused, 3 could not be read.
int exit_status(const Explanation& explanation);

}  // namespace schemaguard::proxy
