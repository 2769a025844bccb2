#include "parser/postgres/alter_facts.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/postgres/columns.h"
#include "parser/postgres/extensions.h"
#include "parser/postgres/function_facts.h"
#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 75> kCommandKinds = {{
    {"AT_AddColumn", "add_column"},
    {"AT_AddColumnRecurse", "add_column"},
    {"AT_AddColumnToView", "add_column"},
    {"AT_ColumnDefault", "set_default"},
    {"AT_CookedColumnDefault", "set_default"},
    {"AT_DropNotNull", "drop_not_null"},
    {"AT_SetNotNull", "set_not_null"},
    {"AT_SetAttNotNull", "set_not_null"},
    {"AT_SetExpression", "set_expression"},
    {"AT_DropExpression", "drop_expression"},
    {"AT_CheckNotNull", "check_not_null"},
    {"AT_SetStatistics", "set_statistics"},
    {"AT_SetOptions", "set_column_options"},
    {"AT_ResetOptions", "reset_column_options"},
    {"AT_SetStorage", "set_storage"},
    {"AT_SetCompression", "set_compression"},
    {"AT_DropColumn", "drop_column"},
    {"AT_DropColumnRecurse", "drop_column"},
    {"AT_AddIndex", "add_index"},
    {"AT_ReAddIndex", "add_index"},
    {"AT_AddConstraint", "add_constraint"},
    {"AT_AddConstraintRecurse", "add_constraint"},
    {"AT_ReAddConstraint", "add_constraint"},
    {"AT_ReAddDomainConstraint", "add_constraint"},
    {"AT_AlterConstraint", "alter_constraint"},
    {"AT_ValidateConstraint", "validate_constraint"},
    {"AT_ValidateConstraintRecurse", "validate_constraint"},
    {"AT_AddIndexConstraint", "add_constraint"},
    {"AT_DropConstraint", "drop_constraint"},
    {"AT_DropConstraintRecurse", "drop_constraint"},
    {"AT_ReAddComment", "comment"},
    {"AT_AlterColumnType", "alter_column_type"},
    {"AT_AlterColumnGenericOptions", "set_column_options"},
    {"AT_ChangeOwner", "change_owner"},
    {"AT_ClusterOn", "cluster_on"},
    {"AT_DropCluster", "drop_cluster"},
    {"AT_SetLogged", "set_logged"},
    {"AT_SetUnLogged", "set_unlogged"},
    {"AT_DropOids", "drop_oids"},
    {"AT_SetAccessMethod", "set_access_method"},
    {"AT_SetTableSpace", "set_tablespace"},
    {"AT_SetRelOptions", "set_options"},
    {"AT_ResetRelOptions", "reset_options"},
    {"AT_ReplaceRelOptions", "replace_options"},
    {"AT_EnableTrig", "enable_trigger"},
    {"AT_EnableAlwaysTrig", "enable_trigger"},
    {"AT_EnableReplicaTrig", "enable_trigger"},
    {"AT_DisableTrig", "disable_trigger"},
    {"AT_EnableTrigAll", "enable_trigger"},
    {"AT_DisableTrigAll", "disable_trigger"},
    {"AT_EnableTrigUser", "enable_trigger"},
    {"AT_DisableTrigUser", "disable_trigger"},
    {"AT_EnableRule", "enable_rule"},
    {"AT_EnableAlwaysRule", "enable_rule"},
    {"AT_EnableReplicaRule", "enable_rule"},
    {"AT_DisableRule", "disable_rule"},
    {"AT_AddInherit", "add_inherit"},
    {"AT_DropInherit", "drop_inherit"},
    {"AT_AddOf", "add_of_type"},
    {"AT_DropOf", "drop_of_type"},
    {"AT_ReplicaIdentity", "set_replica_identity"},
    {"AT_EnableRowSecurity", "enable_row_security"},
    {"AT_DisableRowSecurity", "disable_row_security"},
    {"AT_ForceRowSecurity", "force_row_security"},
    {"AT_NoForceRowSecurity", "no_force_row_security"},
    {"AT_GenericOptions", "set_options"},
    {"AT_AttachPartition", "attach_partition"},
    {"AT_DetachPartition", "detach_partition"},
    {"AT_DetachPartitionFinalize", "detach_partition_finalize"},
    {"AT_AddIdentity", "add_identity"},
    {"AT_SetIdentity", "set_identity"},
    {"AT_DropIdentity", "drop_identity"},
    {"AT_ReAddStatistics", "add_statistics"},
    {"AT_MergePartitions", "merge_partitions"},
    {"AT_SplitPartition", "split_partition"},
}};

bool is_row_security(std::string_view kind) { return kind.find("row_security") != std::string_view::npos; }

// The tokens of every subcommand: behind the relation's name and an optional "*", split at commas.
std::vector<TokenRange> command_ranges(const TreeNode& relation, size_t command_count, const StatementSource& source) {
  std::vector<TokenRange> ranges(command_count);
  const std::optional<size_t> offset = location(relation);
  if (!offset) return ranges;
  size_t first = source.clauses.behind_name(*offset);
  if (source.clauses.is(first, "*")) ++first;
  std::vector<TokenRange> pieces = source.clauses.split_list(first);
  if (pieces.size() == command_count) return pieces;
  // Some clauses hold commas outside brackets; a statement of one command is the whole of it all the same.
  if (command_count == 1) ranges[0] = {.first = first, .last = source.clauses.statement_from(first).last};
  return ranges;
}

TokenRange from_location(const TreeNode& node, TokenRange range, const ClauseCutter& clauses) {
  const std::optional<size_t> offset = location(node);
  const std::optional<size_t> token = offset ? clauses.token_at(*offset) : std::nullopt;
  if (!token || *token < range.first || *token >= range.last) return {};
  return {.first = *token, .last = range.last};
}

// The relation whose columns a type's attributes are is the type itself.
std::string command_kind(std::string_view subtype, bool is_type, bool has_definition) {
  const std::string_view kind = alter_command_kind(subtype);
  if (subtype == "AT_ColumnDefault" && !has_definition) return "drop_default";
  if (!is_type) return std::string(kind);
  if (kind == "add_column") return "add_attribute";
  if (kind == "drop_column") return "drop_attribute";
  if (kind == "alter_column_type") return "alter_attribute_type";
  return std::string(kind);
}

void column_facts(std::string_view kind, const TreeNode& definition, TokenRange range, const ClauseCutter& clauses,
                  Change& change) {
  if (kind == "add_column" || kind == "add_attribute") {
    change.column = read_column(definition, from_location(definition, range, clauses), clauses);
    change.member = change.column->name;
  } else {
    change.column = read_column(definition, {}, clauses);
    change.column->name = change.member;
  }
}

void command_facts(const TreeNode& command, TokenRange range, const ObjectUse& relation, bool is_type,
                   const StatementSource& source, StatementFacts& facts) {
  const std::string_view subtype = text(command, "subtype");
  const TypedNode definition = typed_child(command, "def");
  const std::string kind = command_kind(subtype, is_type, static_cast<bool>(definition));
  Change& change = add_change(facts, kind, relation);
  change.member = clip_identifier(text(command, "name"));
  change.definition = source.clauses.text(range);
  change.if_exists = subtype != "AT_AddColumn" && flag(command, "missing_ok");
  change.if_not_exists = subtype == "AT_AddColumn" && flag(command, "missing_ok");
  change.cascade = text(command, "behavior") == "DROP_CASCADE";
  if (definition.type == "ColumnDef") column_facts(kind, *definition.fields, range, source.clauses, change);
  // From 18 on ALTER CONSTRAINT has a node of its own.
  const bool constraint = definition.type == "Constraint" || definition.type == "ATAlterConstraint";
  if (constraint && change.member.empty()) {
    change.member = clip_identifier(text(*definition.fields, "conname"));
  }
  if (kind == "set_tablespace" || kind == "set_access_method") change.new_name = std::exchange(change.member, {});
  if (definition.type == "PartitionCmd") {
    change.concurrently = flag(*definition.fields, "concurrent");
    if (const TreeNode* partition = child(*definition.fields, "name")) {
      change.relation = existing_relation(ObjectKind::kTable, *partition);
      add_object(facts, *change.relation);
    }
  }
  if (definition.type == "RangeVar") change.relation = existing_relation(ObjectKind::kTable, *definition.fields);
  if (const TreeNode* owner = child(command, "newowner")) change.new_name = role_name(*owner);
  if (is_row_security(kind)) facts.classes.add(StatementClass::kAccess);
}

}  // namespace

std::string_view alter_command_kind(std::string_view subtype) {
  for (const auto& [symbol, kind] : kCommandKinds) {
    if (symbol == subtype) return kind;
  }
  return "alter_table";
}

void alter_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const ObjectType& type = object_type(has(node, "objtype") ? text(node, "objtype") : text(node, "relkind"));
  facts.command = concat("ALTER ", type.words);
  static const TreeNode kNoRelation;
  const TreeNode* found = child(node, "relation");
  const TreeNode& range_var = found == nullptr ? kNoRelation : *found;
  ObjectUse relation = existing_relation(type.kind, range_var);
  if (!type.may_be_temporary) relation.persistence = Persistence::kPersistent;
  const TreeList& commands = list(node, "cmds");
  const std::vector<TokenRange> ranges = command_ranges(range_var, commands.size(), source);
  for (size_t i = 0; i < commands.size(); ++i) {
    const TypedNode command = typed_node(commands[i]);
    if (!command) continue;
    command_facts(*command.fields, ranges[i], relation, type.kind == ObjectKind::kType, source, facts);
    facts.changes.back().if_exists = facts.changes.back().if_exists || flag(node, "missing_ok");
  }
  if (facts.changes.empty()) add_change(facts, "alter_table", relation);
  classify_changes(facts);
  collect_functions(node, facts);
  // set_config() in a default or a check runs again later, unseen.
  if (!facts.settings.empty()) facts.classes.add(StatementClass::kSetting);
}

void rename_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const std::string_view symbol = text(node, "renameType");
  const ObjectType& type = object_type(symbol);
  const bool of_column = type.kind == ObjectKind::kColumn || symbol == "OBJECT_TABCONSTRAINT";
  // The field is left at its zero value, which prints as an access method, where the grammar allows tables only.
  const ObjectType& relation_type =
      object_type(symbol == "OBJECT_TABCONSTRAINT" ? "OBJECT_TABLE" : text(node, "relationType"));
  facts.command = concat("ALTER ", of_column ? relation_type.words : type.words);
  NamedObject named;
  if (const TreeNode* relation = child(node, "relation")) {
    const ObjectUse use = existing_relation(of_column ? relation_type.kind : type.kind, *relation);
    if (type.shape == NameShape::kMember && !of_column && type.kind != ObjectKind::kType) {
      // Rules, triggers and policies: members with names of their own.
      named.object = {.kind = type.kind, .name = {.catalog = "", .schema = use.name.schema, .name = ""}};
      named.object.name.name = clip_identifier(text(node, "subname"));
      named.relation = existing_relation(ObjectKind::kTable, *relation);
    } else {
      named.object = use;
      named.member = clip_identifier(text(node, "subname"));
      if (!type.may_be_temporary) named.object.persistence = Persistence::kPersistent;
    }
  } else if (const boost::json::value* object = node.if_contains("object")) {
    named = named_object(type, *object);
    // The constraint of a domain stands apart from the domain's name.
    if (symbol == "OBJECT_DOMCONSTRAINT") {
      named.object.name = named_object(object_type("OBJECT_DOMAIN"), *object).object.name;
    }
    if (named.member.empty()) named.member = clip_identifier(text(node, "subname"));
  } else {
    named.object = named_word(type.kind, text(node, "subname"));
  }
  Change& change = add_change(facts, concat("rename_", type.name), named);
  change.new_name = clip_identifier(text(node, "newname"));
  change.if_exists = flag(node, "missing_ok");
  change.cascade = text(node, "behavior") == "DROP_CASCADE";
  change.definition = named.arguments;
  if (type.kind == ObjectKind::kDatabase || type.kind == ObjectKind::kTablespace ||
      type.kind == ObjectKind::kSubscription || type.kind == ObjectKind::kEventTrigger) {
    facts.classes.add(StatementClass::kCluster);
  } else if (type.kind == ObjectKind::kRole || type.kind == ObjectKind::kPolicy) {
    facts.classes.add(StatementClass::kAccess);
  } else {
    classify_changes(facts);
  }
}

namespace {

// The object that the three ALTER nodes below carry either as a relation or as an object of their type.
NamedObject altered_object(const TreeNode& node, const ObjectType& type) {
  if (const TreeNode* relation = child(node, "relation")) {
    NamedObject named;
    named.object = existing_relation(type.kind, *relation);
    if (!type.may_be_temporary) named.object.persistence = Persistence::kPersistent;
    return named;
  }
  if (const boost::json::value* object = node.if_contains("object")) return named_object(type, *object);
  NamedObject named;
  named.object.kind = type.kind;
  return named;
}

void classify_alter(const ObjectType& type, const NamedObject& named, StatementFacts& facts) {
  if (type.kind == ObjectKind::kDatabase || type.kind == ObjectKind::kTablespace ||
      type.kind == ObjectKind::kSubscription || type.kind == ObjectKind::kEventTrigger) {
    facts.classes.add(StatementClass::kCluster);
  } else if (type.kind == ObjectKind::kExtension) {
    facts.classes.add(extension_class(named.object.name.name));
  } else {
    classify_changes(facts);
  }
}

}  // namespace

void alter_object_schema_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "objectType"));
  facts.command = concat("ALTER ", type.words);
  const NamedObject named = altered_object(node, type);
  Change& change = add_change(facts, "set_schema", named);
  change.new_name = clip_identifier(text(node, "newschema"));
  change.if_exists = flag(node, "missing_ok");
  change.definition = named.arguments;
  classify_alter(type, named, facts);
}

void alter_owner_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "objectType"));
  facts.command = concat("ALTER ", type.words);
  const NamedObject named = altered_object(node, type);
  Change& change = add_change(facts, "change_owner", named);
  if (const TreeNode* owner = child(node, "newowner")) change.new_name = role_name(*owner);
  change.definition = named.arguments;
  classify_alter(type, named, facts);
}

void alter_object_depends_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "objectType"));
  facts.command = concat("ALTER ", type.words);
  NamedObject named = altered_object(node, type);
  if (type.kind == ObjectKind::kTrigger) {
    // A trigger's own name stands in `object`, its table in `relation`.
    named.relation = named.object;
    named.relation->kind = ObjectKind::kTable;
    if (const boost::json::value* object = node.if_contains("object")) {
      named.object = named_object(type, *object).object;
    }
  }
  Change& change = add_change(facts, "alter_dependence", named);
  change.definition = source.clauses.text(source.statement);
  facts.classes.add(StatementClass::kSchema);
}

void alter_table_move_all_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "objtype"));
  facts.command = concat("ALTER ", type.words);
  Change& change =
      add_change(facts, "set_tablespace", named_word(ObjectKind::kTablespace, text(node, "orig_tablespacename")));
  change.new_name = clip_identifier(text(node, "new_tablespacename"));
  facts.classes.add(StatementClass::kSchema);
}

}  // namespace schemaguard::parser::postgres
