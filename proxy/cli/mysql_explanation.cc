#include "proxy/cli/mysql_explanation.h"

#include <utility>

#include "proxy/mysql/tracked_state.h"

namespace schemaguard::proxy {
namespace {

using parser::StatementFacts;
using policies::SessionNames;

policies::Verdict judge_everywhere(const StatementFacts& facts, const PolicyOf& policy_of, policies::Subject subject,
                                   const SessionNames& names) {
  const std::vector<std::string> databases = policies::touched_databases(facts, names);
  if (databases.empty()) return policy_of({}).judge_unread("too_many_databases", subject);
  policies::Verdict strictest;
  for (size_t index = 0; index < databases.size(); ++index) {
    subject.database = databases[index];
    policies::Verdict verdict = policy_of(databases[index]).judge(facts, subject, names);
    if (index == 0 || verdict.action > strictest.action) strictest = std::move(verdict);
  }
  return strictest;
}

}  // namespace

Explanation explain_mysql(const parser::TextFacts& facts, const PolicyOf& policy_of, policies::Subject subject,
                          const MysqlCircumstances& circumstances) {
  Explanation explanation;
  explanation.text = {.mysql = true, .reading = circumstances.reading};
  mysql::TrackedState state;
  state.set_database(circumstances.database);
  for (const StatementFacts& statement : facts.statements) {
    SessionNames names = state.names();
    names.name_case = circumstances.name_case;
    if (!state.role().empty()) subject.role = state.role();
    add_explained(explanation, statement, judge_everywhere(statement, policy_of, subject, names));
    state.apply(statement);
  }
  add_unread(explanation, facts, policy_of(circumstances.database), subject);
  return explanation;
}

}  // namespace schemaguard::proxy
