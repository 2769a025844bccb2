// Objects: the kinds of things that DROP, ALTER, COMMENT, GRANT … name, and how each kind writes its name in a tree.
//
// One table from the grammar's OBJECT_… symbols. A symbol that the table does not know reads as kOther under the name
// "object", with whatever name parts can be found. Pure functions; results own their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// How the tree spells the name of an object of some kind.
enum class NameShape : uint8_t {
  kQualified,   // [schema.]name as a list
  kSingle,      // one word
  kRoutine,     // ObjectWithArgs
  kTypeName,    // TypeName
  kMember,      // [schema.]relation.member: trigger, rule, policy, column, constraint
  kMethod,      // access method first, then [schema.]name: operator classes and families
  kTypeMember,  // type and constraint: constraints of domains
  kTypes,       // two type names: casts
  kTypeAndWord  // type and language: transforms
};

struct ObjectType {
  std::string_view symbol;  // "OBJECT_TABLE"
  ObjectKind kind;
  std::string_view name;   // "table": second half of change kinds
  std::string_view words;  // "TABLE": second half of command tags
  NameShape shape;
  bool may_be_temporary;  // relations have temporary forms that count as such (design section 5); code has not
};

const ObjectType& object_type(std::string_view symbol);

struct NamedObject {
  ObjectUse object;
  std::optional<ObjectUse> relation;  // for members: the relation they belong to
  std::string member;                 // for columns and constraints, which are changes of their relation
  std::string arguments;              // for routines: "(integer, text)"
};

// The existing object that `value` names.
NamedObject named_object(const ObjectType& type, const boost::json::value& value);
// The same for an existing relation given as a RangeVar, and for a plain word.
ObjectUse existing_relation(ObjectKind kind, const TreeNode& range_var, std::string_view default_schema = {});
ObjectUse created_relation(ObjectKind kind, const TreeNode& range_var, std::string_view default_schema = {});
// A persistent object of this kind without a name, for the caller to fill.
ObjectUse unnamed(ObjectKind kind);
ObjectUse named_word(ObjectKind kind, std::string_view word);
ObjectUse named_parts(ObjectKind kind, const TreeList& names);
// The name of a RoleSpec: the role, or "public", "current_user", "current_role", "session_user".
std::string role_name(const TreeNode& role);

}  // namespace schemaguard::parser::postgres
