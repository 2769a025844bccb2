// Explanation: the facts and verdicts of one text, for people and as JSON (a contract: add, never rename).
//
// Judges with Policy::judge() and carries the effects of each statement to the next, as a session does. Pure.
#pragma once

#include <string>
#include <vector>

#include "parser/statement_facts.h"
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
};

Explanation explain(const parser::TextFacts& facts, const policies::Policy& policy, const policies::Subject& subject,
                    const policies::SessionNames& names);

std::string explanation_text(const Explanation& explanation);
std::string explanation_json(const Explanation& explanation);
// 0 passes, 2 would be refused, 3 could not be read.
int exit_status(const Explanation& explanation);

}  // namespace schemaguard::proxy
