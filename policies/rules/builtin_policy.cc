#include "policies/rules/builtin_policy.h"

#include <string>
#include <utility>

namespace schemaguard::policies {
namespace {

using parser::OpaqueReason;

Rule builtin(std::string name, std::vector<std::string> classes, Action action) {
  Rule rule;
  rule.name = "builtin/" + std::move(name);
  rule.match.classes = std::move(classes);
  rule.action = action;
  return rule;
}

Rule for_changes(Rule rule, std::vector<std::string> changes) {
  rule.match.changes = std::move(changes);
  return rule;
}

Rule for_migrators(Rule rule) {
  rule.match.sanctioned = true;
  return rule;
}

}  // namespace

std::vector<Rule> builtin_rules() {
  return {
      builtin("plain", {"query", "session", "transaction", "temporary"}, Action::kAllow),
      for_migrators(builtin("migrator", {"schema", "access"}, Action::kAllow)),
      for_changes(builtin("program", {"server_file"}, Action::kBlock), {std::string(kCopyProgramChange)}),
      for_migrators(builtin("migrator-log", {"setting", "server_file", "history_write"}, Action::kLog)),
      builtin("log", {"destructive", "maintenance", "admin"}, Action::kLog),
      for_changes(builtin("routine", {"opaque"}, Action::kAllow),
                  {std::string(opaque_reason_name(OpaqueReason::kUnprovedRoutine)),
                   std::string(opaque_reason_name(OpaqueReason::kProcedureCall))}),
      for_changes(builtin("function-call", {"opaque"}, Action::kBlock),
                  {std::string(opaque_reason_name(OpaqueReason::kFunctionCall))}),
      for_migrators(builtin("migrator-code", {"opaque"}, Action::kLog)),
      builtin("schema", {"schema"}, Action::kBlock),
      builtin("access", {"access"}, Action::kBlock),
      builtin("setting", {"setting"}, Action::kBlock),
      builtin("server-file", {"server_file"}, Action::kBlock),
      builtin("cluster", {"cluster"}, Action::kBlock),
      builtin("opaque", {"opaque"}, Action::kBlock),
      builtin("catalog-write", {"catalog_write"}, Action::kBlock),
      builtin("history-write", {"history_write"}, Action::kBlock),
      builtin("unread", {"unread"}, Action::kBlock),
      builtin("everything-else", {}, Action::kBlock),
  };
}

std::string_view opaque_reason_name(OpaqueReason reason) {
  switch (reason) {
    case OpaqueReason::kNone:
      return "";
    case OpaqueReason::kUnprovedRoutine:
      return "unproved_routine";
    case OpaqueReason::kProcedureCall:
      return "procedure_call";
    case OpaqueReason::kRunsSqlText:
      return "runs_sql_text";
    case OpaqueReason::kDynamicCode:
      return "dynamic_code";
    case OpaqueReason::kUnreadableCode:
      return "unreadable_code";
    case OpaqueReason::kFunctionCall:
      return "function_call";
    case OpaqueReason::kUnknownPrepared:
      return "unknown_prepared";
  }
  return "";
}

}  // namespace schemaguard::policies
