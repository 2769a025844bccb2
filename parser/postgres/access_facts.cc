#include "parser/postgres/access_facts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

// One statement may name a hundred thousand objects: its text stands in the first few changes only, or the changes
// would hold as many copies of it.
constexpr size_t kTextCopiesMax = 16;

void keep_text(const StatementSource& source, StatementFacts& facts) {
  if (facts.changes.size() <= kTextCopiesMax) {
    facts.changes.back().definition = source.clauses.text(source.statement);
  }
}

void roles_facts(std::string_view kind, const TreeList& roles, StatementFacts& facts) {
  facts.classes.add(StatementClass::kAccess);
  for (const boost::json::value& item : roles) {
    const TypedNode role = typed_node(item);
    if (role.type == "RoleSpec") add_change(facts, kind, named_word(ObjectKind::kRole, role_name(*role.fields)));
    if (role.type == "AccessPriv") {
      add_change(facts, kind, named_word(ObjectKind::kRole, text(*role.fields, "priv_name")));
    }
  }
}

NamedObject granted_object(const ObjectType& type, const boost::json::value& item, std::string_view schema) {
  const TypedNode node = typed_node(item);
  if (node.type != "RangeVar") return named_object(type, item);
  NamedObject named;
  named.object = existing_relation(type.kind, *node.fields, schema);
  return named;
}

void policy_facts(std::string_view kind, const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.classes.add(StatementClass::kAccess);
  const std::string_view name = text(node, "policy_name");
  ObjectUse policy = named_word(ObjectKind::kPolicy, name);
  const TreeNode* table = child(node, "table");
  if (table != nullptr) policy.name.schema = relation_name(*table, "").schema;
  Change& change = add_change(facts, kind, policy);
  change.definition = source.clauses.text(source.statement);
  if (table != nullptr) {
    change.relation = existing_relation(ObjectKind::kTable, *table);
    add_object(facts, *change.relation);
  }
}

}  // namespace

void grant_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const bool grant = flag(node, "is_grant");
  const std::string_view kind = grant ? "grant" : "revoke";
  facts.command = grant ? "GRANT" : "REVOKE";
  facts.classes.add(StatementClass::kAccess);
  const bool whole_schema = text(node, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA";
  const ObjectType& type = object_type(whole_schema ? "OBJECT_SCHEMA" : text(node, "objtype"));
  for (const boost::json::value& item : list(node, "objects")) {
    Change& change = add_change(facts, kind, granted_object(type, item, source.enclosing_schema));
    change.cascade = text(node, "behavior") == "DROP_CASCADE";
    keep_text(source, facts);
  }
}

void grant_role_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const bool grant = flag(node, "is_grant");
  facts.command = grant ? "GRANT ROLE" : "REVOKE ROLE";
  roles_facts(grant ? "grant_role" : "revoke_role", list(node, "granted_roles"), facts);
  std::vector<std::string> members;
  for (const boost::json::value& item : list(node, "grantee_roles")) {
    const TypedNode role = typed_node(item);
    if (role.type == "RoleSpec") members.push_back(role_name(*role.fields));
  }
  const std::string joined = join(members, ", ");
  const size_t copies = std::min(facts.changes.size(), kTextCopiesMax);
  for (size_t i = 0; i < copies; ++i) facts.changes[i].new_name = joined;
}

void default_privileges_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER DEFAULT PRIVILEGES";
  facts.classes.add(StatementClass::kAccess);
  for (const boost::json::value& item : list(node, "options")) {
    const TypedNode option = typed_node(item);
    if (!option || text(*option.fields, "defname") != "schemas") continue;
    const boost::json::value* schemas = option.fields->if_contains("arg");
    if (schemas == nullptr) continue;
    for (const boost::json::value& schema : items_of(*schemas)) {
      add_change(facts, "alter_default_privileges", named_word(ObjectKind::kSchema, string_of(schema)));
      keep_text(source, facts);
    }
  }
  if (facts.changes.empty()) {
    add_change(facts, "alter_default_privileges", unnamed(ObjectKind::kSchema));
    facts.changes.back().definition = source.clauses.text(source.statement);
  }
}

void create_role_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "CREATE ROLE";
  facts.classes.add(StatementClass::kAccess);
  add_change(facts, "create_role", named_word(ObjectKind::kRole, text(node, "role")));
}

void alter_role_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "ALTER ROLE";
  facts.classes.add(StatementClass::kAccess);
  const TreeNode* role = child(node, "role");
  add_change(facts, "alter_role", named_word(ObjectKind::kRole, role == nullptr ? "" : role_name(*role)));
}

void drop_role_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "DROP ROLE";
  roles_facts("drop_role", list(node, "roles"), facts);
  for (Change& change : facts.changes) change.if_exists = flag(node, "missing_ok");
}

void drop_owned_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "DROP OWNED";
  roles_facts("drop_owned", list(node, "roles"), facts);
  // Besides privileges it drops every object that the roles own in this database.
  facts.classes.add(StatementClass::kSchema);
  for (Change& change : facts.changes) change.cascade = text(node, "behavior") == "DROP_CASCADE";
}

void reassign_owned_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "REASSIGN OWNED";
  roles_facts("reassign_owned", list(node, "roles"), facts);
  const TreeNode* owner = child(node, "newrole");
  for (Change& change : facts.changes) change.new_name = owner == nullptr ? "" : role_name(*owner);
}

void create_policy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE POLICY";
  policy_facts("create_policy", node, source, facts);
}

void alter_policy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER POLICY";
  policy_facts("alter_policy", node, source, facts);
}

void security_label_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "SECURITY LABEL";
  facts.classes.add(StatementClass::kAccess);
  const boost::json::value* object = node.if_contains("object");
  NamedObject named;
  if (object != nullptr) named = named_object(object_type(text(node, "objtype")), *object);
  add_change(facts, "security_label", named).definition = source.clauses.text(source.statement);
}

}  // namespace schemaguard::parser::postgres
