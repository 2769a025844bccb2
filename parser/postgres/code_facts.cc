#include "parser/postgres/code_facts.h"

#include <array>
#include <string>

#include "parser/postgres/extensions.h"
#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

// Where a simple node keeps the name of its object.
enum class NameField : uint8_t { kWord, kNames, kWithArguments, kRelation, kRole };
// Whether the statement's text may stand in the change: not where it can hold a password or a connection string.
enum class KeepText : uint8_t { kYes, kNo };

struct SimpleNode {
  std::string_view node;
  std::string_view command;
  std::string_view change;
  ObjectKind kind;
  NameField shape;
  std::string_view field;
  StatementClass statement_class;
  KeepText keep_text;
};

constexpr StatementClass kSchema = StatementClass::kSchema;
constexpr StatementClass kCluster = StatementClass::kCluster;

// clang-format off
constexpr std::array kSimpleNodes = {
    SimpleNode{"CompositeTypeStmt", "CREATE TYPE", "create_type", ObjectKind::kType, NameField::kRelation, "typevar", kSchema, KeepText::kYes},
    SimpleNode{"CreateEnumStmt", "CREATE TYPE", "create_type", ObjectKind::kType, NameField::kNames, "typeName", kSchema, KeepText::kYes},
    SimpleNode{"CreateRangeStmt", "CREATE TYPE", "create_type", ObjectKind::kType, NameField::kNames, "typeName", kSchema, KeepText::kYes},
    SimpleNode{"AlterTypeStmt", "ALTER TYPE", "alter_type", ObjectKind::kType, NameField::kNames, "typeName", kSchema, KeepText::kYes},
    SimpleNode{"CreateDomainStmt", "CREATE DOMAIN", "create_domain", ObjectKind::kDomain, NameField::kNames, "domainname", kSchema, KeepText::kYes},
    SimpleNode{"CreateOpClassStmt", "CREATE OPERATOR CLASS", "create_operator_class", ObjectKind::kOperator, NameField::kNames, "opclassname", kSchema, KeepText::kYes},
    SimpleNode{"CreateOpFamilyStmt", "CREATE OPERATOR FAMILY", "create_operator_family", ObjectKind::kOperator, NameField::kNames, "opfamilyname", kSchema, KeepText::kYes},
    SimpleNode{"AlterOpFamilyStmt", "ALTER OPERATOR FAMILY", "alter_operator_family", ObjectKind::kOperator, NameField::kNames, "opfamilyname", kSchema, KeepText::kYes},
    SimpleNode{"AlterOperatorStmt", "ALTER OPERATOR", "alter_operator", ObjectKind::kOperator, NameField::kWithArguments, "opername", kSchema, KeepText::kYes},
    SimpleNode{"CreateConversionStmt", "CREATE CONVERSION", "create_conversion", ObjectKind::kConversion, NameField::kNames, "conversion_name", kSchema, KeepText::kYes},
    SimpleNode{"CreatePLangStmt", "CREATE LANGUAGE", "create_language", ObjectKind::kLanguage, NameField::kWord, "plname", kSchema, KeepText::kYes},
    SimpleNode{"CreateAmStmt", "CREATE ACCESS METHOD", "create_access_method", ObjectKind::kAccessMethod, NameField::kWord, "amname", kSchema, KeepText::kYes},
    SimpleNode{"CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER", "create_foreign_data_wrapper", ObjectKind::kForeignDataWrapper, NameField::kWord, "fdwname", kSchema, KeepText::kNo},
    SimpleNode{"AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER", "alter_foreign_data_wrapper", ObjectKind::kForeignDataWrapper, NameField::kWord, "fdwname", kSchema, KeepText::kNo},
    SimpleNode{"CreateForeignServerStmt", "CREATE SERVER", "create_server", ObjectKind::kServer, NameField::kWord, "servername", kSchema, KeepText::kNo},
    SimpleNode{"AlterForeignServerStmt", "ALTER SERVER", "alter_server", ObjectKind::kServer, NameField::kWord, "servername", kSchema, KeepText::kNo},
    SimpleNode{"CreateUserMappingStmt", "CREATE USER MAPPING", "create_user_mapping", ObjectKind::kUserMapping, NameField::kRole, "user", kSchema, KeepText::kNo},
    SimpleNode{"AlterUserMappingStmt", "ALTER USER MAPPING", "alter_user_mapping", ObjectKind::kUserMapping, NameField::kRole, "user", kSchema, KeepText::kNo},
    SimpleNode{"DropUserMappingStmt", "DROP USER MAPPING", "drop_user_mapping", ObjectKind::kUserMapping, NameField::kRole, "user", kSchema, KeepText::kNo},
    SimpleNode{"AlterTSDictionaryStmt", "ALTER TEXT SEARCH DICTIONARY", "alter_text_search_dictionary", ObjectKind::kTextSearch, NameField::kNames, "dictname", kSchema, KeepText::kYes},
    SimpleNode{"AlterTSConfigurationStmt", "ALTER TEXT SEARCH CONFIGURATION", "alter_text_search_configuration", ObjectKind::kTextSearch, NameField::kNames, "cfgname", kSchema, KeepText::kYes},
    SimpleNode{"AlterCollationStmt", "ALTER COLLATION", "alter_collation", ObjectKind::kCollation, NameField::kNames, "collname", kSchema, KeepText::kYes},
    SimpleNode{"AlterStatsStmt", "ALTER STATISTICS", "alter_statistics", ObjectKind::kStatistics, NameField::kNames, "defnames", kSchema, KeepText::kYes},
    SimpleNode{"CreatePublicationStmt", "CREATE PUBLICATION", "create_publication", ObjectKind::kPublication, NameField::kWord, "pubname", kSchema, KeepText::kYes},
    SimpleNode{"AlterPublicationStmt", "ALTER PUBLICATION", "alter_publication", ObjectKind::kPublication, NameField::kWord, "pubname", kSchema, KeepText::kYes},
    SimpleNode{"CreateSubscriptionStmt", "CREATE SUBSCRIPTION", "create_subscription", ObjectKind::kSubscription, NameField::kWord, "subname", kCluster, KeepText::kNo},
    SimpleNode{"AlterSubscriptionStmt", "ALTER SUBSCRIPTION", "alter_subscription", ObjectKind::kSubscription, NameField::kWord, "subname", kCluster, KeepText::kNo},
    SimpleNode{"DropSubscriptionStmt", "DROP SUBSCRIPTION", "drop_subscription", ObjectKind::kSubscription, NameField::kWord, "subname", kCluster, KeepText::kNo},
    SimpleNode{"CreateEventTrigStmt", "CREATE EVENT TRIGGER", "create_event_trigger", ObjectKind::kEventTrigger, NameField::kWord, "trigname", kCluster, KeepText::kYes},
    SimpleNode{"AlterEventTrigStmt", "ALTER EVENT TRIGGER", "alter_event_trigger", ObjectKind::kEventTrigger, NameField::kWord, "trigname", kCluster, KeepText::kYes},
    SimpleNode{"CreateTableSpaceStmt", "CREATE TABLESPACE", "create_tablespace", ObjectKind::kTablespace, NameField::kWord, "tablespacename", kCluster, KeepText::kYes},
    SimpleNode{"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE", "alter_tablespace", ObjectKind::kTablespace, NameField::kWord, "tablespacename", kCluster, KeepText::kYes},
    SimpleNode{"DropTableSpaceStmt", "DROP TABLESPACE", "drop_tablespace", ObjectKind::kTablespace, NameField::kWord, "tablespacename", kCluster, KeepText::kYes},
    SimpleNode{"CreatedbStmt", "CREATE DATABASE", "create_database", ObjectKind::kDatabase, NameField::kWord, "dbname", kCluster, KeepText::kYes},
    SimpleNode{"DropdbStmt", "DROP DATABASE", "drop_database", ObjectKind::kDatabase, NameField::kWord, "dbname", kCluster, KeepText::kYes},
    SimpleNode{"AlterDatabaseStmt", "ALTER DATABASE", "alter_database", ObjectKind::kDatabase, NameField::kWord, "dbname", kCluster, KeepText::kYes},
    SimpleNode{"AlterDatabaseRefreshCollStmt", "ALTER DATABASE", "alter_database", ObjectKind::kDatabase, NameField::kWord, "dbname", kCluster, KeepText::kYes},
};
// clang-format on

ObjectUse simple_object(const SimpleNode& simple, const TreeNode& node) {
  const TreeNode* part = child(node, simple.field);
  switch (simple.shape) {
    case NameField::kWord:
      return named_word(simple.kind, text(node, simple.field));
    case NameField::kNames:
      return named_parts(simple.kind, list(node, simple.field));
    case NameField::kWithArguments:
      return part == nullptr ? unnamed(simple.kind) : named_parts(simple.kind, list(*part, "objname"));
    case NameField::kRelation:
      return part == nullptr
                 ? unnamed(simple.kind)
                 : ObjectUse{
                       .kind = simple.kind, .name = relation_name(*part, ""), .persistence = Persistence::kPersistent};
    case NameField::kRole:
      return part == nullptr ? unnamed(simple.kind) : named_word(simple.kind, role_name(*part));
  }
  return unnamed(simple.kind);
}

}  // namespace

bool simple_object_facts(const TypedNode& node, const StatementSource& source, StatementFacts& facts) {
  for (const SimpleNode& simple : kSimpleNodes) {
    if (simple.node != node.type) continue;
    facts.command = std::string(simple.command);
    facts.classes.add(simple.statement_class);
    Change& change = add_change(facts, simple.change, simple_object(simple, *node.fields));
    change.if_exists = flag(*node.fields, "missing_ok");
    change.if_not_exists = flag(*node.fields, "if_not_exists");
    change.cascade = text(*node.fields, "behavior") == "DROP_CASCADE";
    if (has(*node.fields, "servername") && simple.kind == ObjectKind::kUserMapping) {
      change.relation = named_word(ObjectKind::kServer, text(*node.fields, "servername"));
    }
    if (simple.keep_text == KeepText::kYes) change.definition = source.clauses.text(source.statement);
    return true;
  }
  return false;
}

void create_function_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const bool procedure = flag(node, "is_procedure");
  facts.command = procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  facts.classes.add(StatementClass::kSchema);
  const ObjectKind kind = procedure ? ObjectKind::kProcedure : ObjectKind::kFunction;
  Change& change =
      add_change(facts, procedure ? "create_procedure" : "create_function", named_parts(kind, list(node, "funcname")));
  change.definition = source.clauses.text(source.statement);
}

void alter_function_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "objtype"));
  facts.command = concat("ALTER ", type.words);
  facts.classes.add(StatementClass::kSchema);
  const TreeNode* routine = child(node, "func");
  const ObjectUse object = routine == nullptr ? unnamed(type.kind) : named_parts(type.kind, list(*routine, "objname"));
  add_change(facts, concat("alter_", type.name), object).definition = source.clauses.text(source.statement);
}

namespace {

// Triggers and rules: named inside their relation's schema.
void member_facts(std::string_view kind, ObjectKind object_kind, std::string_view name, const TreeNode& node,
                  const StatementSource& source, StatementFacts& facts) {
  facts.classes.add(StatementClass::kSchema);
  ObjectUse object = named_word(object_kind, name);
  const TreeNode* relation = child(node, "relation");
  std::optional<ObjectUse> table;
  if (relation != nullptr) {
    table = existing_relation(ObjectKind::kTable, *relation, source.enclosing_schema);
    object.name.schema = table->name.schema;
  }
  Change& change = add_change(facts, kind, object);
  change.relation = table;
  change.definition = source.clauses.text(source.statement);
  if (table) add_object(facts, *table);
}

}  // namespace

void create_trigger_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE TRIGGER";
  member_facts("create_trigger", ObjectKind::kTrigger, text(node, "trigname"), node, source, facts);
}

void rule_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE RULE";
  member_facts("create_rule", ObjectKind::kRule, text(node, "rulename"), node, source, facts);
}

void define_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "kind"));
  facts.command = concat("CREATE ", type.words);
  facts.classes.add(StatementClass::kSchema);
  Change& change = add_change(facts, concat("create_", type.name), named_parts(type.kind, list(node, "defnames")));
  change.if_not_exists = flag(node, "if_not_exists");
  change.definition = source.clauses.text(source.statement);
}

void alter_domain_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER DOMAIN";
  facts.classes.add(StatementClass::kSchema);
  const std::string_view subtype = text(node, "subtype");
  std::string_view kind = "alter_domain";
  if (subtype == "T") kind = has(node, "def") ? "set_default" : "drop_default";
  if (subtype == "N") kind = "drop_not_null";
  if (subtype == "O") kind = "set_not_null";
  if (subtype == "C") kind = "add_constraint";
  if (subtype == "X") kind = "drop_constraint";
  if (subtype == "V") kind = "validate_constraint";
  Change& change = add_change(facts, kind, named_parts(ObjectKind::kDomain, list(node, "typeName")));
  change.member = clip_identifier(text(node, "name"));
  const TypedNode constraint = typed_child(node, "def");
  if (constraint.type == "Constraint") change.member = clip_identifier(text(*constraint.fields, "conname"));
  change.if_exists = flag(node, "missing_ok");
  change.cascade = text(node, "behavior") == "DROP_CASCADE";
  change.definition = source.clauses.text(source.statement);
}

void alter_enum_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER TYPE";
  facts.classes.add(StatementClass::kSchema);
  const bool rename = has(node, "oldVal");
  Change& change = add_change(facts, rename ? "rename_enum_value" : "add_enum_value",
                              named_parts(ObjectKind::kType, list(node, "typeName")));
  change.member = std::string(text(node, rename ? "oldVal" : "newVal"));
  if (rename) change.new_name = std::string(text(node, "newVal"));
  change.if_not_exists = flag(node, "skipIfNewValExists");
  change.definition = source.clauses.text(source.statement);
}

void create_cast_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE CAST";
  facts.classes.add(StatementClass::kSchema);
  ObjectUse cast = unnamed(ObjectKind::kCast);
  const TreeNode* from = child(node, "sourcetype");
  const TreeNode* to = child(node, "targettype");
  if (from != nullptr && to != nullptr) cast.name.name = concat(type_text(*from), " AS ", type_text(*to));
  add_change(facts, "create_cast", cast).definition = source.clauses.text(source.statement);
}

void create_transform_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE TRANSFORM";
  facts.classes.add(StatementClass::kSchema);
  ObjectUse transform = unnamed(ObjectKind::kTransform);
  if (const TreeNode* type = child(node, "type_name")) {
    transform.name.name = concat(type_text(*type), " LANGUAGE ", text(node, "lang"));
  }
  add_change(facts, "create_transform", transform).definition = source.clauses.text(source.statement);
}

void create_extension_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE EXTENSION";
  const std::string_view name = text(node, "extname");
  facts.classes.add(extension_class(name));
  Change& change = add_change(facts, "create_extension", named_word(ObjectKind::kExtension, name));
  change.if_not_exists = flag(node, "if_not_exists");
  change.shape_unknown = true;
  change.definition = source.clauses.text(source.statement);
}

void alter_extension_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER EXTENSION";
  const std::string_view name = text(node, "extname");
  facts.classes.add(extension_class(name));
  Change& change = add_change(facts, "alter_extension", named_word(ObjectKind::kExtension, name));
  change.shape_unknown = true;
  change.definition = source.clauses.text(source.statement);
}

void alter_extension_contents_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER EXTENSION";
  const std::string_view name = text(node, "extname");
  facts.classes.add(extension_class(name));
  Change& change = add_change(facts, "alter_extension_contents", named_word(ObjectKind::kExtension, name));
  change.definition = source.clauses.text(source.statement);
}

namespace {

// Stored settings act at the next login, from another client (evasion 48). None of them acts on this session, so
// `settings` stays empty; which setting it is stands in the change.
void stored_setting_facts(std::string_view kind, const ObjectUse& object, const TreeNode& node, StatementFacts& facts) {
  facts.classes.add(StatementClass::kCluster);
  Change& change = add_change(facts, kind, object);
  const TreeNode* setting = child(node, "setstmt");
  if (setting != nullptr) change.member = to_lower(text(*setting, "name"));
}

}  // namespace

void alter_system_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "ALTER SYSTEM";
  stored_setting_facts("alter_system", unnamed(ObjectKind::kOther), node, facts);
}

void alter_database_set_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "ALTER DATABASE";
  stored_setting_facts("alter_database_set", named_word(ObjectKind::kDatabase, text(node, "dbname")), node, facts);
}

void alter_role_set_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "ALTER ROLE";
  const TreeNode* role = child(node, "role");
  const std::string name = role == nullptr ? "all" : role_name(*role);
  stored_setting_facts("alter_role_set", named_word(ObjectKind::kRole, name), node, facts);
}

void comment_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "COMMENT";
  const boost::json::value* object = node.if_contains("object");
  NamedObject named;
  if (object != nullptr) named = named_object(object_type(text(node, "objtype")), *object);
  add_change(facts, "comment", named).definition = source.clauses.text(source.statement);
  classify_changes(facts);
}

}  // namespace schemaguard::parser::postgres
