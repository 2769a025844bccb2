#include "parser/postgres/function_facts.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "parser/postgres/catalog_relations.h"
#include "parser/postgres/function_catalog.h"
#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/postgres/settings.h"
#include "parser/postgres/statement_source.h"
#include "parser/postgres/table_facts.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

bool is_true_constant(const boost::json::value& value) {
  const std::string word = to_lower(constant_text(value).value_or(""));
  return word == "true" || word == "t" || word == "on" || word == "yes" || word == "1";
}

// set_config(name, value, is_local): judged as that SET where the arguments are constants; a name that is not constant
// may be any setting, which the empty name says.
void set_config_facts(const TreeList& arguments, StatementFacts& facts) {
  SettingChange change;
  if (!arguments.empty()) change.name = to_lower(folded_string(arguments[0]).value_or(""));
  if (arguments.size() > 1) change.value = folded_string(arguments[1]);
  if (arguments.size() > 2 && is_true_constant(arguments[2])) change.scope = SettingChange::Scope::kLocal;
  facts.classes.add(setting_class(change));
  facts.settings.push_back(std::move(change));
}

void add_effect(FunctionKind kind, const ObjectName& name, StatementFacts& facts) {
  if (kind == FunctionKind::kPlain) return;
  const FunctionEffect effect = function_effect(kind);
  facts.classes.add(effect.statement_class);
  facts.opaque = std::max(facts.opaque, effect.opaque);
  add_function(facts, name.display());
}

// `value.name` calls the function of that name when there is no such column.
void column_notation_facts(std::string_view field, StatementFacts& facts) {
  ObjectName name;
  name.name = std::string(field);
  add_effect(column_notation_kind(field), name, facts);
}

void column_reference_facts(const TreeNode& reference, StatementFacts& facts) {
  const TreeList& fields = list(reference, "fields");
  for (size_t i = 1; i < fields.size(); ++i) column_notation_facts(string_of(fields[i]), facts);
}

void indirection_facts(const TreeNode& indirection, StatementFacts& facts) {
  for (const boost::json::value& step : list(indirection, "indirection")) {
    column_notation_facts(string_of(step), facts);
  }
}

// What one field of a tree says by itself; the walk visits what stands below it.
void field_facts(std::string_view key, const TreeNode& object, StatementFacts& facts) {
  if (key == "FuncCall") call_facts(object, facts);
  if (key == "ColumnRef") column_reference_facts(object, facts);
  if (key == "A_Indirection") indirection_facts(object, facts);
  if (key == "intoClause") into_clause_facts(object, facts);
  if (key == "InsertStmt" || key == "UpdateStmt" || key == "DeleteStmt" || key == "MergeStmt") {
    if (const TreeNode* target = child(object, "relation")) written_relation_facts(*target, facts);
  }
}

}  // namespace

bool is_system_relation(const ObjectName& name) {
  if (name.schema == "pg_catalog" || name.schema == "information_schema" || name.schema == "pg_toast") return true;
  return name.schema.empty() && is_catalog_relation(name.name);
}

void written_name_facts(const ObjectName& name, StatementFacts& facts) {
  if (is_system_relation(name)) {
    // Writing the view pg_settings is a SET in disguise (evasion 46).
    facts.classes.add(name.name == "pg_settings" ? StatementClass::kSetting : StatementClass::kCatalogWrite);
    if (name.name == "pg_settings") facts.settings.emplace_back();
  }
  facts.written.push_back({.kind = ObjectKind::kTable, .name = name, .persistence = existing_persistence(name)});
}

void written_relation_facts(const TreeNode& range_var, StatementFacts& facts) {
  written_name_facts(relation_name(range_var, ""), facts);
}

void call_facts(const TreeNode& function_call, StatementFacts& facts) {
  const ObjectName name = qualified_name(strings_of(list(function_call, "funcname")));
  if (name.name == "set_config") {
    set_config_facts(list(function_call, "args"), facts);
    return;
  }
  const int argument_count = static_cast<int>(list(function_call, "args").size());
  add_effect(function_kind(name.schema, name.name, argument_count), name, facts);
}

void collect_functions(const TreeNode& node, StatementFacts& facts) {
  std::vector<const boost::json::value*> pending;
  const auto visit = [&](const TreeNode& fields) {
    for (const auto& field : fields) {
      const std::string_view key(field.key().data(), field.key().size());
      const boost::json::value& value = field.value();
      const TreeNode* object = value.if_object();
      if (object != nullptr) field_facts(key, *object, facts);
      if (object != nullptr || value.is_array()) pending.push_back(&value);
    }
  };
  visit(node);
  while (!pending.empty()) {
    const boost::json::value* value = pending.back();
    pending.pop_back();
    if (const TreeNode* object = value->if_object()) {
      visit(*object);
    } else if (const TreeList* items = value->if_array()) {
      for (const boost::json::value& item : *items) {
        if (item.is_object() || item.is_array()) pending.push_back(&item);
      }
    }
  }
}

void collect_stored_functions(const TreeNode& node, StatementFacts& facts) {
  StatementFacts stored;
  collect_functions(node, stored);
  if (!stored.settings.empty()) facts.classes.add(StatementClass::kSetting);
  stored.settings.clear();
  // Routines of which nothing is known do not run now, and count where they do.
  std::erase_if(stored.functions, [](const std::string& function) {
    const size_t dot = function.find('.');
    const std::string_view all = function;
    const std::string_view schema = dot == std::string::npos ? std::string_view() : all.substr(0, dot);
    return function_kind(schema, all.substr(dot == std::string::npos ? 0 : dot + 1)) == FunctionKind::kUnknown;
  });
  if (stored.opaque == OpaqueReason::kUnprovedRoutine) {
    stored.opaque = OpaqueReason::kNone;
    stored.classes.remove(StatementClass::kOpaque);
  }
  fold_in(facts, stored);
}

}  // namespace schemaguard::parser::postgres
