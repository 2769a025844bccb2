#include "policies/settlement/interference.h"

#include <algorithm>

namespace schemaguard::policies {

namespace {

using parser::Change;
using parser::ObjectKind;
using parser::StatementFacts;

// A name without a schema may be the one in any schema.
bool may_be_same(const parser::ObjectName& name, std::string_view schema, std::string_view other_name) {
  return name.name == other_name && (name.schema.empty() || schema.empty() || name.schema == schema);
}

bool is_schema_change(const Change& change) {
  return change.object.kind == ObjectKind::kSchema &&
         (change.kind == "create_schema" || change.kind == "drop_schema" || change.kind == "rename_schema");
}

// Changes that reach objects which they do not name.
bool names_nothing(const Change& change) {
  return change.object.name.name.empty() || change.kind == "drop_owned" || change.kind == "import_foreign_schema";
}

bool names_it(const Change& change, const CatalogQuestion& question) {
  if (may_be_same(change.object.name, question.schema, question.name)) return true;
  if (change.relation && may_be_same(change.relation->name, question.schema, question.name)) return true;
  if (!change.new_name.empty() && change.new_name == question.name) return true;
  // Triggers, policies and rules have their own name as the object's, in the question it is the member.
  return !question.member.empty() && change.object.name.name == question.member;
}

bool is_about_whole_object(const Change& change) { return change.member.empty(); }

// Both are about members of one relation or type.
bool decides_member_too(const Change& change, const CatalogQuestion& question) {
  const std::string_view kind = change.kind;
  const bool same = change.member == question.member || change.new_name == question.member;
  switch (question.kind) {
    case CatalogKind::kColumn:
      return same && (kind == "add_column" || kind == "drop_column" || kind == "rename_column");
    case CatalogKind::kNotNullColumn:
      return (same && kind != "add_column") || kind == "add_constraint";  // a primary key makes its columns NOT NULL
    case CatalogKind::kConstraint:
    case CatalogKind::kEnumValue:
    case CatalogKind::kTrigger:
    case CatalogKind::kPolicy:
    case CatalogKind::kRule:
    case CatalogKind::kSchema:
    case CatalogKind::kRelation:
    case CatalogKind::kType:
    case CatalogKind::kRoutine:
    case CatalogKind::kStatistics:
    case CatalogKind::kExtension:
    case CatalogKind::kRole:
    case CatalogKind::kPublication:
      break;
  }
  return same || kind == "drop_column";  // which takes its constraints and triggers along
}

// Whether `change`, of the same transaction, may make the answer to `question` another one.
bool decides_it_too(const Change& change, const CatalogQuestion& question) {
  const std::string_view kind = change.kind;
  if (is_schema_change(change) && kind != "create_schema") {
    return question.schema.empty() || change.object.name.name == question.schema ||
           change.new_name == question.schema ||
           (question.kind == CatalogKind::kSchema &&
            (change.object.name.name == question.name || change.new_name == question.name));
  }
  const bool removes = kind.starts_with("drop_") || kind.starts_with("rename_") || kind == "set_schema";
  if (question.member.empty()) {
    // What is made on or dropped from a relation leaves the relation.
    const bool same = may_be_same(change.object.name, question.schema, question.name) ||
                      (kind.starts_with("rename_") && change.new_name == question.name);
    return same && is_about_whole_object(change) && (removes || kind.starts_with("create_"));
  }
  if (!names_it(change, question)) return false;
  if (is_about_whole_object(change)) return removes || change.object.name.name == question.member;
  return decides_member_too(change, question);
}

// An index is named apart from the table with which it goes.
bool takes_along(const Change& change, const Change& own) {
  if (!own.relation) return false;
  const bool removes = change.kind.starts_with("drop_") || change.kind.starts_with("rename_");
  return removes && may_be_same(change.object.name, own.relation->name.schema, own.relation->name.name);
}

}  // namespace

bool runs_unseen_code(const StatementFacts& facts) {
  return facts.opaque != parser::OpaqueReason::kNone || facts.classes.has(parser::StatementClass::kUnread) ||
         facts.classes.has(parser::StatementClass::kCatalogWrite) || facts.explain || facts.command == "DO" ||
         facts.command == "CALL" || (!facts.inner.empty() && facts.command != "CREATE SCHEMA");
}

bool moves_schemas(const LostTransaction& lost) {
  return std::any_of(lost.statements.begin(), lost.statements.end(), [](const LostStatement& statement) {
    return statement.facts && std::any_of(statement.facts->changes.begin(), statement.facts->changes.end(),
                                          [](const Change& change) { return is_schema_change(change); });
  });
}

Interference interference_within(const LostTransaction& lost, size_t index, const Change& own,
                                 const CatalogQuestion& question) {
  Interference found = Interference::kNone;
  for (size_t at = 0; at < lost.statements.size(); ++at) {
    const StatementFacts* facts = lost.statements[at].facts.get();
    if (facts == nullptr || runs_unseen_code(*facts)) {
      found = Interference::kMayUndo;
      if (facts == nullptr) continue;
    }
    for (const Change& change : facts->changes) {
      if (at == index && &change == &own) continue;
      if (decides_it_too(change, question) || takes_along(change, own)) return Interference::kTouches;
      if (change.cascade || names_nothing(change)) found = Interference::kMayUndo;
    }
  }
  return found;
}

bool touches(const StatementFacts& facts, const CatalogQuestion& question) {
  return std::any_of(facts.changes.begin(), facts.changes.end(), [&](const Change& change) {
    if (is_schema_change(change)) {
      return change.object.name.name == question.schema || change.new_name == question.schema ||
             (question.kind == CatalogKind::kSchema &&
              (change.object.name.name == question.name || change.new_name == question.name));
    }
    // A stored setting may be a search_path.
    const bool stores_setting = change.kind == "alter_role_set" || change.kind == "alter_database_set";
    if (stores_setting || change.kind == "alter_system") return question.schema.empty();
    return names_nothing(change) || names_it(change, question);
  });
}

}  // namespace schemaguard::policies
