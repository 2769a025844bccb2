#include "proxy/cli/explanation.h"

#include <algorithm>

#include "policies/audit/facts_json.h"
#include "policies/json/json_text.h"
#include "policies/rules/concatenate.h"
#include "proxy/postgres/tracked_state.h"

namespace schemaguard::proxy {
namespace {

using parser::Change;
using parser::ClassSet;
using parser::StatementClass;
using parser::StatementFacts;
using policies::Action;
using policies::append_json_string;
using policies::concatenate;

constexpr size_t kChangesBytesMax = 1024ULL * 1024;

std::vector<std::string> class_names(ClassSet classes) {
  std::vector<std::string> names;
  for (size_t index = 0; index < parser::kStatementClassCount; ++index) {
    const auto one = static_cast<StatementClass>(index);
    if (classes.has(one)) names.emplace_back(parser::class_name(one));
  }
  return names;
}

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += concatenate({joined.empty() ? "" : ", ", word});
  return joined;
}

void add_once(std::vector<std::string>& names, std::string name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

// CREATE INDEX ON t names its table only.
std::string changed_name(const Change& change) {
  const bool named = !change.object.name.name.empty() || !change.relation;
  return named ? change.object.name.display() : change.relation->name.display();
}

std::vector<std::string> object_names(const StatementFacts& facts) {
  std::vector<std::string> names;
  for (const Change& change : facts.changes) add_once(names, changed_name(change));
  for (const parser::ObjectUse& use : facts.objects) add_once(names, use.name.display());
  return names;
}

std::string change_text(const Change& change) {
  std::string text = concatenate({change.kind, " ", changed_name(change)});
  if (!change.member.empty()) text += concatenate({".", change.member});
  if (change.relation && !change.object.name.name.empty()) {
    text += concatenate({" on ", change.relation->name.display()});
  }
  if (!change.new_name.empty()) text += concatenate({" -> ", change.new_name});
  if (change.column && !change.column->type.empty()) text += concatenate({" ", change.column->type});
  return text;
}

void add_line(std::string& out, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  out += concatenate({"   ", label, std::string(label.size() < 10 ? 10 - label.size() : 1, ' '), value, "\n"});
}

void add_statement_text(std::string& out, size_t number, const ExplainedStatement& statement) {
  const policies::Verdict& verdict = statement.verdict;
  const StatementFacts& facts = statement.facts;
  const std::string subject = verdict.subject.empty() ? facts.command : verdict.subject;
  out += concatenate({std::to_string(number), ". ", subject, ": ", policies::action_name(verdict.action), "\n"});
  add_line(out, "class", join(class_names(verdict.classes)));
  for (const Change& change : facts.changes) add_line(out, "change", change_text(change));
  if (facts.changes.empty()) add_line(out, "objects", join(object_names(facts)));
  add_line(out, "calls", join(facts.functions));
  add_line(out, "unread", facts.unread_reason);
  add_line(out, "rule", verdict.rule);
  add_line(out, "reason", verdict.reason);
  add_line(out, "message", verdict.message);
  add_line(out, "hint", verdict.hint);
  if (!verdict.would_by_rule.empty()) {
    add_line(out, "watched",
             concatenate({verdict.would_by_rule, " would ", policies::action_name(verdict.would_by_rule_action)}));
  }
}

void add_strings_json(std::string& out, std::string_view member, const std::vector<std::string>& values) {
  out += concatenate({"\"", member, "\":["});
  for (size_t index = 0; index < values.size(); ++index) {
    if (index > 0) out += ',';
    append_json_string(out, values[index]);
  }
  out += "],";
}

void add_text_json(std::string& out, std::string_view member, std::string_view value) {
  out += concatenate({"\"", member, "\":"});
  append_json_string(out, value);
  out += ',';
}

void add_statement_json(std::string& out, const ExplainedStatement& statement, const policies::ChangeText& text) {
  const policies::Verdict& verdict = statement.verdict;
  out += '{';
  add_strings_json(out, "class", class_names(verdict.classes));
  add_text_json(out, "command", statement.facts.command);
  add_strings_json(out, "objects", object_names(statement.facts));
  out += "\"changes\":";
  const size_t left_out = policies::append_changes_json(out, statement.facts.changes, text, kChangesBytesMax);
  out += ',';
  if (left_out > 0) out += concatenate({"\"changes_left_out\":", std::to_string(left_out), ","});
  add_strings_json(out, "functions", statement.facts.functions);
  add_text_json(out, "verdict", policies::action_name(verdict.action));
  add_text_json(out, "rule", verdict.rule);
  add_text_json(out, "reason", verdict.reason);
  add_text_json(out, "message", verdict.message);
  add_text_json(out, "hint", verdict.hint);
  if (!verdict.would_by_rule.empty()) {
    add_text_json(out, "would_by_rule", verdict.would_by_rule);
    add_text_json(out, "would_by_rule_verdict", policies::action_name(verdict.would_by_rule_action));
  }
  out.back() = '}';
}

// What an EXECUTE runs, when the same text prepared it: the nearest definition before it.
const StatementFacts* prepared_before(const parser::TextFacts& facts, size_t index) {
  const StatementFacts& execute = facts.statements[index];
  if (execute.prepared != parser::PreparedUse::kExecute) return nullptr;
  while (index-- > 0) {
    const StatementFacts& earlier = facts.statements[index];
    const bool defines = earlier.prepared == parser::PreparedUse::kPrepare &&
                         earlier.prepared_name == execute.prepared_name && !earlier.inner.empty();
    if (defines) return &earlier.inner.front();
  }
  return nullptr;
}

// The part of an EXECUTE that is its own: the functions that its arguments call.
StatementFacts arguments_of(StatementFacts execute) {
  if (execute.opaque == parser::OpaqueReason::kUnknownPrepared) {
    execute.opaque = execute.functions.empty() ? parser::OpaqueReason::kNone : parser::OpaqueReason::kUnprovedRoutine;
    if (execute.functions.empty()) execute.classes.remove(StatementClass::kOpaque);
  }
  if (execute.classes.empty()) execute.classes.add(StatementClass::kQuery);
  return execute;
}

}  // namespace

void add_explained(Explanation& explanation, StatementFacts facts, policies::Verdict verdict) {
  explanation.action = std::max(explanation.action, verdict.action);
  explanation.unread |= verdict.classes.has(StatementClass::kUnread);
  explanation.statements.push_back({.facts = std::move(facts), .verdict = std::move(verdict)});
}

void add_unread(Explanation& explanation, const parser::TextFacts& facts, const policies::Policy& policy,
                const policies::Subject& subject) {
  if (!facts.unread) return;
  StatementFacts whole;
  whole.command = "SQL text";
  whole.unread_reason = facts.unread_reason;
  add_explained(explanation, std::move(whole), policy.judge_unread(facts.unread_reason, subject));
}

Explanation explain(std::string_view text, const parser::TextFacts& facts, const policies::Policy& policy,
                    policies::Subject subject, const std::string& search_path) {
  Explanation explanation;
  postgres::TrackedState state;
  if (!search_path.empty()) state.report_search_path(search_path);
  for (size_t index = 0; index < facts.statements.size(); ++index) {
    const StatementFacts& statement = facts.statements[index];
    if (!state.role().empty()) subject.role = state.role();
    const policies::SessionNames names = state.names(subject.user);
    const StatementFacts* prepared = prepared_before(facts, index);
    policies::Verdict verdict = policy.judge(prepared == nullptr ? statement : arguments_of(statement), subject, names);
    if (prepared != nullptr) {
      policies::Verdict inner = policy.judge(*prepared, subject, names);
      if (inner.action > verdict.action) verdict = std::move(inner);
    }
    state.apply(prepared == nullptr ? statement : *prepared,
                text.substr(std::min(statement.offset, text.size()), statement.length));
    add_explained(explanation, statement, std::move(verdict));
  }
  add_unread(explanation, facts, policy, subject);
  return explanation;
}

std::string explanation_text(const Explanation& explanation) {
  std::string out;
  for (size_t index = 0; index < explanation.statements.size(); ++index) {
    add_statement_text(out, index + 1, explanation.statements[index]);
  }
  if (explanation.statements.empty()) out += "nothing to run in this text\n";
  return out + concatenate({"verdict: ", policies::action_name(explanation.action)});
}

std::string explanation_json(const Explanation& explanation) {
  std::string out = "{\"statements\":[";
  for (const ExplainedStatement& statement : explanation.statements) {
    if (out.back() != '[') out += ',';
    add_statement_json(out, statement, explanation.text);
  }
  return out + concatenate({"],\"verdict\":\"", policies::action_name(explanation.action), "\"}"});
}

int exit_status(const Explanation& explanation) {
  if (explanation.unread) return 3;
  return explanation.action == Action::kBlock ? 2 : 0;
}

}  // namespace schemaguard::proxy
