#include "policies/rules/effective_classes.h"

#include <algorithm>

#include "parser/words.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

using parser::Change;
using parser::ObjectUse;
using parser::Persistence;
using parser::StatementClass;
using parser::StatementFacts;

constexpr std::string_view kTemporarySchema = "pg_temp";

// Temporary objects are found first unless search_path lists pg_temp itself, behind something else: then a table of
// the same name in an earlier schema is the one that is meant.
bool temporary_objects_come_first(const SessionNames& names) {
  const auto listed = std::find(names.search_path.begin(), names.search_path.end(), kTemporarySchema);
  return listed == names.search_path.end() || listed == names.search_path.begin();
}

bool creates_in_temporary_schema(const SessionNames& names) {
  return names.search_path_certain && !names.search_path.empty() && names.search_path.front() == kTemporarySchema;
}

// MySQL hides the table `database.name` behind a temporary one of that name, however the text spells it.
bool is_hidden_by_temporary(const ObjectUse& use, const SessionNames& names) {
  if (!names.temporary_certain) return false;
  if (use.name.schema.empty() && (!names.search_path_certain || names.search_path.empty())) return false;
  const std::string_view database = use.name.schema.empty() ? names.search_path.front() : use.name.schema;
  const std::string whole = concatenate({database, ".", use.name.name});
  return std::any_of(names.temporary.begin(), names.temporary.end(), [&](const std::string& temporary) {
    return names.name_case == NameCase::kFolded ? parser::equals_ignoring_case(temporary, whole) : temporary == whole;
  });
}

// An index lives where its table does; a change between two tables (EXCHANGE PARTITION) touches both.
bool is_temporary_in_mysql(const Change& change, const SessionNames& names) {
  if (change.object.persistence != Persistence::kByName) {
    return change.object.persistence == Persistence::kTemporary;
  }
  if (change.object.kind == parser::ObjectKind::kIndex) {
    return change.relation && is_temporary(*change.relation, names);
  }
  return is_temporary(change.object, names) && (!change.relation || is_temporary(*change.relation, names));
}

// A temporary table is the session's own, whatever database it is in.
bool writes_into_default_database(const StatementFacts& facts, const SessionNames& names) {
  return std::any_of(facts.written.begin(), facts.written.end(),
                     [&](const ObjectUse& use) { return use.name.schema.empty() && !is_temporary(use, names); });
}

bool all_temporary(const StatementFacts& facts, const SessionNames& names) {
  if (!facts.changes.empty()) {
    return std::all_of(facts.changes.begin(), facts.changes.end(),
                       [&](const Change& change) { return is_temporary(change, names); });
  }
  return !facts.objects.empty() && std::all_of(facts.objects.begin(), facts.objects.end(),
                                               [&](const ObjectUse& use) { return is_temporary(use, names); });
}

}  // namespace

bool is_temporary(const ObjectUse& use, const SessionNames& names) {
  if (use.persistence != Persistence::kByName) return use.persistence == Persistence::kTemporary;
  if (names.of_mysql) return is_hidden_by_temporary(use, names);
  if (!names.temporary_certain || !use.name.schema.empty() || !temporary_objects_come_first(names)) return false;
  return std::find(names.temporary.begin(), names.temporary.end(), use.name.name) != names.temporary.end();
}

bool is_temporary(const Change& change, const SessionNames& names) {
  if (names.of_mysql) return is_temporary_in_mysql(change, names);
  // A persistent parent is changed by what is hung under it, however short-lived that is.
  const bool of_parent = change.kind == "add_inherit" || change.kind == "drop_inherit";
  if (of_parent && change.relation && !is_temporary(*change.relation, names)) return false;
  if (change.object.persistence != Persistence::kByName) {
    return change.object.persistence == Persistence::kTemporary;
  }
  // A new object cannot be shadowed: it goes where its table is, or into the first schema of the path.
  if (std::string_view(change.kind).substr(0, 7) == "create_") {
    if (change.relation) return is_temporary(*change.relation, names);
    return change.object.name.schema.empty() && creates_in_temporary_schema(names);
  }
  return is_temporary(change.object, names);
}

parser::ClassSet classes_in_session(const StatementFacts& facts, const SessionNames& names) {
  parser::ClassSet classes = facts.classes;
  if (writes_into_default_database(facts, names) && in_system_database(names)) {
    classes.add(StatementClass::kCatalogWrite);
  }
  const bool may_shrink = classes.has(StatementClass::kSchema) || classes.has(StatementClass::kDestructive) ||
                          classes.has(StatementClass::kMaintenance);
  if (!may_shrink || !all_temporary(facts, names)) return classes;
  // Without changes nothing proves that the objects named are all that is touched.
  if (!facts.changes.empty()) classes.remove(StatementClass::kSchema);
  classes.remove(StatementClass::kDestructive);
  classes.remove(StatementClass::kMaintenance);
  classes.add(StatementClass::kTemporary);
  return classes;
}

UnitName unit_name(const ObjectUse& use, const SessionNames& names) {
  const bool in_temporary_schema =
      !names.of_mysql && use.persistence == Persistence::kTemporary && use.name.schema.empty();
  return {.kind = use.kind,
          .schema = in_temporary_schema ? kTemporarySchema : std::string_view(use.name.schema),
          .name = use.name.name};
}

UnitName function_unit_name(std::string_view function) {
  const size_t dot = function.find('.');
  if (dot == std::string_view::npos) return {parser::ObjectKind::kFunction, {}, function};
  return {parser::ObjectKind::kFunction, function.substr(0, dot), function.substr(dot + 1)};
}

}  // namespace schemaguard::policies
