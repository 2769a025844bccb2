#include "policies/rules/effective_classes.h"

#include <algorithm>

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
  if (!names.temporary_certain || !use.name.schema.empty() || !temporary_objects_come_first(names)) return false;
  return std::find(names.temporary.begin(), names.temporary.end(), use.name.name) != names.temporary.end();
}

bool is_temporary(const Change& change, const SessionNames& names) {
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

UnitName unit_name(const ObjectUse& use) {
  const bool in_temporary_schema = use.persistence == Persistence::kTemporary && use.name.schema.empty();
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
