#include "parser/postgres/objects.h"

#include <array>
#include <vector>

#include "parser/postgres/names.h"

namespace schemaguard::parser::postgres {
namespace {

constexpr std::array kObjectTypes = {
    ObjectType{"OBJECT_ACCESS_METHOD", ObjectKind::kAccessMethod, "access_method", "ACCESS METHOD", NameShape::kSingle,
               false},
    ObjectType{"OBJECT_AGGREGATE", ObjectKind::kAggregate, "aggregate", "AGGREGATE", NameShape::kRoutine, false},
    ObjectType{"OBJECT_AMOP", ObjectKind::kOperator, "operator_family", "OPERATOR FAMILY", NameShape::kMethod, false},
    ObjectType{"OBJECT_AMPROC", ObjectKind::kOperator, "operator_family", "OPERATOR FAMILY", NameShape::kMethod, false},
    ObjectType{"OBJECT_ATTRIBUTE", ObjectKind::kType, "attribute", "TYPE", NameShape::kMember, false},
    ObjectType{"OBJECT_CAST", ObjectKind::kCast, "cast", "CAST", NameShape::kTypes, false},
    ObjectType{"OBJECT_COLUMN", ObjectKind::kColumn, "column", "TABLE", NameShape::kMember, true},
    ObjectType{"OBJECT_COLLATION", ObjectKind::kCollation, "collation", "COLLATION", NameShape::kQualified, false},
    ObjectType{"OBJECT_CONVERSION", ObjectKind::kConversion, "conversion", "CONVERSION", NameShape::kQualified, false},
    ObjectType{"OBJECT_DATABASE", ObjectKind::kDatabase, "database", "DATABASE", NameShape::kSingle, false},
    ObjectType{"OBJECT_DEFAULT", ObjectKind::kColumn, "default", "TABLE", NameShape::kMember, true},
    ObjectType{"OBJECT_DOMAIN", ObjectKind::kDomain, "domain", "DOMAIN", NameShape::kTypeName, false},
    ObjectType{"OBJECT_DOMCONSTRAINT", ObjectKind::kConstraint, "constraint", "DOMAIN", NameShape::kTypeMember, false},
    ObjectType{"OBJECT_EVENT_TRIGGER", ObjectKind::kEventTrigger, "event_trigger", "EVENT TRIGGER", NameShape::kSingle,
               false},
    ObjectType{"OBJECT_EXTENSION", ObjectKind::kExtension, "extension", "EXTENSION", NameShape::kSingle, false},
    ObjectType{"OBJECT_FDW", ObjectKind::kForeignDataWrapper, "foreign_data_wrapper", "FOREIGN DATA WRAPPER",
               NameShape::kSingle, false},
    ObjectType{"OBJECT_FOREIGN_SERVER", ObjectKind::kServer, "server", "SERVER", NameShape::kSingle, false},
    ObjectType{"OBJECT_FOREIGN_TABLE", ObjectKind::kForeignTable, "foreign_table", "FOREIGN TABLE",
               NameShape::kQualified, true},
    ObjectType{"OBJECT_FUNCTION", ObjectKind::kFunction, "function", "FUNCTION", NameShape::kRoutine, false},
    ObjectType{"OBJECT_INDEX", ObjectKind::kIndex, "index", "INDEX", NameShape::kQualified, true},
    ObjectType{"OBJECT_LANGUAGE", ObjectKind::kLanguage, "language", "LANGUAGE", NameShape::kSingle, false},
    ObjectType{"OBJECT_LARGEOBJECT", ObjectKind::kLargeObject, "large_object", "LARGE OBJECT", NameShape::kSingle,
               false},
    ObjectType{"OBJECT_MATVIEW", ObjectKind::kMaterializedView, "materialized_view", "MATERIALIZED VIEW",
               NameShape::kQualified, true},
    ObjectType{"OBJECT_OPCLASS", ObjectKind::kOperator, "operator_class", "OPERATOR CLASS", NameShape::kMethod, false},
    ObjectType{"OBJECT_OPERATOR", ObjectKind::kOperator, "operator", "OPERATOR", NameShape::kRoutine, false},
    ObjectType{"OBJECT_OPFAMILY", ObjectKind::kOperator, "operator_family", "OPERATOR FAMILY", NameShape::kMethod,
               false},
    ObjectType{"OBJECT_PARAMETER_ACL", ObjectKind::kOther, "parameter", "PARAMETER", NameShape::kSingle, false},
    ObjectType{"OBJECT_POLICY", ObjectKind::kPolicy, "policy", "POLICY", NameShape::kMember, false},
    ObjectType{"OBJECT_PROCEDURE", ObjectKind::kProcedure, "procedure", "PROCEDURE", NameShape::kRoutine, false},
    ObjectType{"OBJECT_PUBLICATION", ObjectKind::kPublication, "publication", "PUBLICATION", NameShape::kSingle, false},
    ObjectType{"OBJECT_ROLE", ObjectKind::kRole, "role", "ROLE", NameShape::kSingle, false},
    ObjectType{"OBJECT_ROUTINE", ObjectKind::kFunction, "routine", "ROUTINE", NameShape::kRoutine, false},
    ObjectType{"OBJECT_RULE", ObjectKind::kRule, "rule", "RULE", NameShape::kMember, false},
    ObjectType{"OBJECT_SCHEMA", ObjectKind::kSchema, "schema", "SCHEMA", NameShape::kSingle, false},
    ObjectType{"OBJECT_SEQUENCE", ObjectKind::kSequence, "sequence", "SEQUENCE", NameShape::kQualified, true},
    ObjectType{"OBJECT_SUBSCRIPTION", ObjectKind::kSubscription, "subscription", "SUBSCRIPTION", NameShape::kSingle,
               false},
    ObjectType{"OBJECT_STATISTIC_EXT", ObjectKind::kStatistics, "statistics", "STATISTICS", NameShape::kQualified,
               false},
    ObjectType{"OBJECT_TABCONSTRAINT", ObjectKind::kConstraint, "constraint", "TABLE", NameShape::kMember, true},
    ObjectType{"OBJECT_TABLE", ObjectKind::kTable, "table", "TABLE", NameShape::kQualified, true},
    ObjectType{"OBJECT_TABLESPACE", ObjectKind::kTablespace, "tablespace", "TABLESPACE", NameShape::kSingle, false},
    ObjectType{"OBJECT_TRANSFORM", ObjectKind::kTransform, "transform", "TRANSFORM", NameShape::kTypeAndWord, false},
    ObjectType{"OBJECT_TRIGGER", ObjectKind::kTrigger, "trigger", "TRIGGER", NameShape::kMember, false},
    ObjectType{"OBJECT_TSCONFIGURATION", ObjectKind::kTextSearch, "text_search_configuration",
               "TEXT SEARCH CONFIGURATION", NameShape::kQualified, false},
    ObjectType{"OBJECT_TSDICTIONARY", ObjectKind::kTextSearch, "text_search_dictionary", "TEXT SEARCH DICTIONARY",
               NameShape::kQualified, false},
    ObjectType{"OBJECT_TSPARSER", ObjectKind::kTextSearch, "text_search_parser", "TEXT SEARCH PARSER",
               NameShape::kQualified, false},
    ObjectType{"OBJECT_TSTEMPLATE", ObjectKind::kTextSearch, "text_search_template", "TEXT SEARCH TEMPLATE",
               NameShape::kQualified, false},
    ObjectType{"OBJECT_TYPE", ObjectKind::kType, "type", "TYPE", NameShape::kTypeName, false},
    ObjectType{"OBJECT_USER_MAPPING", ObjectKind::kUserMapping, "user_mapping", "USER MAPPING", NameShape::kSingle,
               false},
    ObjectType{"OBJECT_VIEW", ObjectKind::kView, "view", "VIEW", NameShape::kQualified, true},
};
constexpr ObjectType kUnknownType = {"", ObjectKind::kOther, "object", "OBJECT", NameShape::kQualified, false};

// The parts of a name, whichever way the tree holds them.
std::vector<std::string_view> name_parts(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  if (node.type == "String") return {text(*node.fields, "sval")};
  if (node.type == "List") return strings_of(list(*node.fields, "items"));
  if (node.type == "TypeName") return strings_of(list(*node.fields, "names"));
  if (node.type == "ObjectWithArgs") return strings_of(list(*node.fields, "objname"));
  if (node.type == "RoleSpec") return {text(*node.fields, "rolename")};
  return {};
}

std::string type_of(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  return node.type == "TypeName" ? type_text(*node.fields) : std::string();
}

NamedObject member_of_relation(const ObjectType& type, const boost::json::value& value) {
  std::vector<std::string_view> parts = name_parts(value);
  NamedObject named;
  const std::string member = parts.empty() ? "" : clip_identifier(parts.back());
  if (!parts.empty()) parts.pop_back();
  ObjectUse relation = {
      .kind = ObjectKind::kTable, .name = qualified_name(parts), .persistence = Persistence::kPersistent};
  if (type.may_be_temporary) relation.persistence = existing_persistence(relation.name);
  if (type.kind == ObjectKind::kColumn || type.kind == ObjectKind::kConstraint || type.kind == ObjectKind::kType) {
    if (type.kind == ObjectKind::kType) relation.kind = ObjectKind::kType;
    named.object = relation;
    named.member = member;
    return named;
  }
  named.object = {.kind = type.kind, .name = {.catalog = "", .schema = relation.name.schema, .name = member}};
  named.relation = relation;
  return named;
}

}  // namespace

const ObjectType& object_type(std::string_view symbol) {
  for (const ObjectType& type : kObjectTypes) {
    if (type.symbol == symbol) return type;
  }
  return kUnknownType;
}

NamedObject named_object(const ObjectType& type, const boost::json::value& value) {
  NamedObject named;
  named.object.kind = type.kind;
  const TypedNode node = typed_node(value);
  switch (type.shape) {
    case NameShape::kMember:
      return member_of_relation(type, value);
    case NameShape::kMethod: {
      std::vector<std::string_view> parts = name_parts(value);
      if (!parts.empty()) parts.erase(parts.begin());
      named.object.name = qualified_name(parts);
      break;
    }
    case NameShape::kTypeMember: {
      const TreeList& items = items_of(value);
      named.object.kind = ObjectKind::kDomain;
      if (!items.empty()) named.object.name = qualified_name(name_parts(items[0]));
      if (items.size() > 1) named.member = std::string(string_of(items[1]));
      break;
    }
    case NameShape::kTypes: {
      const TreeList& items = items_of(value);
      if (items.size() == 2) named.object.name.name = type_of(items[0]) + " AS " + type_of(items[1]);
      break;
    }
    case NameShape::kTypeAndWord: {
      const TreeList& items = items_of(value);
      if (items.size() == 2) {
        named.object.name.name = type_of(items[0]) + " LANGUAGE " + std::string(string_of(items[1]));
      }
      break;
    }
    case NameShape::kRoutine:
      if (node.type == "ObjectWithArgs") named.arguments = routine_arguments_text(*node.fields);
      named.object.name = qualified_name(name_parts(value));
      break;
    case NameShape::kSingle:
      named.object.name.name = constant_text(value).value_or("");
      if (named.object.name.name.empty()) named.object.name = qualified_name(name_parts(value));
      break;
    case NameShape::kQualified:
    case NameShape::kTypeName:
      named.object.name = qualified_name(name_parts(value));
      break;
  }
  if (type.may_be_temporary) named.object.persistence = existing_persistence(named.object.name);
  return named;
}

ObjectUse existing_relation(ObjectKind kind, const TreeNode& range_var, std::string_view default_schema) {
  ObjectUse use = {
      .kind = kind, .name = relation_name(range_var, default_schema), .persistence = Persistence::kPersistent};
  use.persistence = existing_persistence(use.name);
  return use;
}

ObjectUse created_relation(ObjectKind kind, const TreeNode& range_var, std::string_view default_schema) {
  ObjectUse use = {
      .kind = kind, .name = relation_name(range_var, default_schema), .persistence = Persistence::kPersistent};
  use.persistence = created_persistence(range_var, use.name);
  return use;
}

ObjectUse unnamed(ObjectKind kind) {
  ObjectUse use;
  use.kind = kind;
  return use;
}

ObjectUse named_word(ObjectKind kind, std::string_view word) {
  return {.kind = kind, .name = {.catalog = "", .schema = "", .name = clip_identifier(word)}};
}

ObjectUse named_parts(ObjectKind kind, const TreeList& names) {
  return {.kind = kind, .name = qualified_name(strings_of(names)), .persistence = Persistence::kPersistent};
}

std::string role_name(const TreeNode& role) {
  const std::string_view type = text(role, "roletype");
  if (type == "ROLESPEC_PUBLIC") return "public";
  if (type == "ROLESPEC_CURRENT_USER") return "current_user";
  if (type == "ROLESPEC_CURRENT_ROLE") return "current_role";
  if (type == "ROLESPEC_SESSION_USER") return "session_user";
  return clip_identifier(text(role, "rolename"));
}

}  // namespace schemaguard::parser::postgres
