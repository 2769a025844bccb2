#include "policies/audit/facts_json.h"

#include <algorithm>
#include <string_view>

#include "policies/audit/json_text.h"

namespace schemaguard::policies {

namespace {

using parser::Change;
using parser::ColumnDefinition;
using parser::CopyUse;
using parser::ObjectUse;
using parser::OpaqueReason;
using parser::Persistence;
using parser::SettingChange;
using parser::StatementFacts;

constexpr size_t kNameBytesMax = 256;

// Opens a member of the object being written: `,"name":`, without the comma behind "{".
void open_member(std::string& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  append_pieces(out, {"\"", name, "\":"});
}

void open_element(std::string& out) {
  if (out.back() != '[') out.push_back(',');
}

void add_name(std::string& out, std::string_view member, std::string_view value) {
  if (value.empty()) return;
  open_member(out, member);
  append_json_string(out, value, kNameBytesMax);
}

void add_flag(std::string& out, std::string_view member, bool value) {
  if (!value) return;
  open_member(out, member);
  out += "true";
}

std::string_view persistence_name(Persistence persistence) {
  switch (persistence) {
    case Persistence::kPersistent:
      return "";
    case Persistence::kTemporary:
      return "temporary";
    case Persistence::kByName:
      return "by_name";
  }
  return "";
}

std::string_view opaque_name(OpaqueReason reason) {
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
constexpr OpaqueReason kOpaqueReasons[] = {
    OpaqueReason::kNone,         OpaqueReason::kUnprovedRoutine, OpaqueReason::kProcedureCall,
    OpaqueReason::kRunsSqlText,  OpaqueReason::kDynamicCode,     OpaqueReason::kUnreadableCode,
    OpaqueReason::kFunctionCall, OpaqueReason::kUnknownPrepared,
};

std::string_view copy_name(CopyUse use) {
  switch (use) {
    case CopyUse::kNone:
      return "";
    case CopyUse::kFromStdin:
      return "from_stdin";
    case CopyUse::kToStdout:
      return "to_stdout";
    case CopyUse::kServerFile:
      return "server_file";
    case CopyUse::kProgram:
      return "program";
  }
  return "";
}
constexpr CopyUse kCopyUses[] = {CopyUse::kNone, CopyUse::kFromStdin, CopyUse::kToStdout, CopyUse::kServerFile,
                                 CopyUse::kProgram};

std::string_view scope_name(SettingChange::Scope scope) {
  switch (scope) {
    case SettingChange::Scope::kSession:
      return "";
    case SettingChange::Scope::kLocal:
      return "local";
    case SettingChange::Scope::kTransaction:
      return "transaction";
  }
  return "";
}
constexpr SettingChange::Scope kScopes[] = {SettingChange::Scope::kSession, SettingChange::Scope::kLocal,
                                            SettingChange::Scope::kTransaction};

void append_object(std::string& out, const ObjectUse& use) {
  out.push_back('{');
  if (use.kind != parser::ObjectKind::kNone) add_name(out, "kind", parser::object_kind_name(use.kind));
  add_name(out, "catalog", use.name.catalog);
  add_name(out, "schema", use.name.schema);
  add_name(out, "name", use.name.name);
  add_name(out, "persistence", persistence_name(use.persistence));
  out.push_back('}');
}

void append_change(std::string& out, const Change& change) {
  out.push_back('{');
  add_name(out, "kind", change.kind);
  open_member(out, "object");
  append_object(out, change.object);
  if (change.relation.has_value()) {
    open_member(out, "relation");
    append_object(out, *change.relation);
  }
  add_name(out, "member", change.member);
  add_name(out, "new_name", change.new_name);
  add_flag(out, "if_exists", change.if_exists);
  add_flag(out, "if_not_exists", change.if_not_exists);
  add_flag(out, "cascade", change.cascade);
  add_flag(out, "concurrently", change.concurrently);
  add_flag(out, "shape_unknown", change.shape_unknown);
  out.push_back('}');
}

// Only settings of the server itself, and of those only the ones that never hold a secret.
bool value_may_be_kept(std::string_view setting) {
  for (const std::string_view part : {".", "password", "passphrase", "secret", "conninfo", "command", "token"}) {
    if (setting.find(part) != std::string_view::npos) return false;
  }
  return true;
}

void append_setting(std::string& out, const SettingChange& setting) {
  out.push_back('{');
  add_name(out, "name", setting.name);
  if (setting.value.has_value() && value_may_be_kept(setting.name)) {
    open_member(out, "value");
    append_json_string(out, *setting.value, kNameBytesMax);
  }
  add_name(out, "scope", scope_name(setting.scope));
  add_flag(out, "reset", setting.reset);
  out.push_back('}');
}

// Appends `"member":[…]` as far as it fits, and `"member_left_out":n` when it does not.
template <typename List, typename Append>
void add_list(std::string& out, std::string_view member, const List& list, size_t end_max, Append append) {
  if (list.empty()) return;
  open_member(out, member);
  out.push_back('[');
  size_t left = list.size();
  for (const auto& element : list) {
    if (out.size() >= end_max) break;
    open_element(out);
    append(out, element);
    --left;
  }
  out.push_back(']');
  if (left == 0) return;
  open_member(out, std::string(member) + "_left_out");
  out += std::to_string(left);
}

bool named_by_change(const StatementFacts& facts, const ObjectUse& use) {
  return std::any_of(facts.changes.begin(), facts.changes.end(), [&](const Change& change) {
    return change.object == use || (change.relation.has_value() && *change.relation == use);
  });
}

}  // namespace

size_t append_changes_json(std::string& out, const std::vector<Change>& changes, size_t bytes_max) {
  const size_t end_max = out.size() + bytes_max;
  out.push_back('[');
  size_t left = changes.size();
  for (const Change& change : changes) {
    if (out.size() >= end_max) break;
    open_element(out);
    append_change(out, change);
    --left;
  }
  out.push_back(']');
  return left;
}

bool append_facts_json(std::string& out, const StatementFacts& facts, size_t bytes_max) {
  const size_t start = out.size();
  const size_t end_max = start + bytes_max;
  out.push_back('{');
  std::vector<ObjectUse> objects;
  // The list is looked through once per change: bounded, because a text with thousands of both is cut anyway.
  constexpr size_t kObjectsMax = 256;
  for (const ObjectUse& use : facts.objects) {
    if (objects.size() == kObjectsMax) break;
    if (!named_by_change(facts, use)) objects.push_back(use);
  }
  add_list(out, "objects", objects, end_max, append_object);
  add_list(out, "written", facts.written, end_max, append_object);
  add_list(out, "functions", facts.functions, end_max,
           [](std::string& text, const std::string& function) { append_json_string(text, function, kNameBytesMax); });
  add_list(out, "settings", facts.settings, end_max, append_setting);
  add_name(out, "opaque", opaque_name(facts.opaque));
  add_name(out, "copy", copy_name(facts.copy));
  add_flag(out, "explain", facts.explain);
  add_flag(out, "embedded_commit", facts.embedded_commit);
  add_name(out, "unread_reason", facts.unread_reason);
  if (out.size() == start + 1) {
    out.pop_back();
    return false;
  }
  out.push_back('}');
  return true;
}

}  // namespace schemaguard::policies
