#include "parser/postgres/statement_source.h"

#include <algorithm>

namespace schemaguard::parser::postgres {
namespace {

// A statement may name a hundred thousand objects; looking for doubles among more than this would be quadratic.
constexpr size_t kDistinctObjectsMax = 256;

}  // namespace

void add_object(StatementFacts& facts, const ObjectUse& object) {
  if (facts.objects.size() >= kDistinctObjectsMax ||
      std::find(facts.objects.begin(), facts.objects.end(), object) == facts.objects.end()) {
    facts.objects.push_back(object);
  }
}

void add_function(StatementFacts& facts, const std::string& name) {
  if (facts.functions.size() >= kDistinctObjectsMax ||
      std::find(facts.functions.begin(), facts.functions.end(), name) == facts.functions.end()) {
    facts.functions.push_back(name);
  }
}

Change& add_change(StatementFacts& facts, std::string_view kind, const ObjectUse& object) {
  add_object(facts, object);
  Change& change = facts.changes.emplace_back();
  change.kind = std::string(kind);
  change.object = object;
  return change;
}

Change& add_change(StatementFacts& facts, std::string_view kind, const NamedObject& named) {
  Change& change = add_change(facts, kind, named.object);
  if (named.relation) add_object(facts, *named.relation);
  change.relation = named.relation;
  change.member = named.member;
  return change;
}

void classify_changes(StatementFacts& facts) {
  const auto is_temporary = [](const ObjectUse& use) { return use.persistence == Persistence::kTemporary; };
  for (const Change& change : facts.changes) {
    // A persistent parent is changed by a temporary child.
    const bool of_parent = change.kind == "add_inherit" || change.kind == "drop_inherit";
    const bool within_session =
        is_temporary(change.object) && (!of_parent || !change.relation || is_temporary(*change.relation));
    facts.classes.add(within_session ? StatementClass::kTemporary : StatementClass::kSchema);
  }
}

void fold_in(StatementFacts& outer, const StatementFacts& inner) {
  outer.classes.add(inner.classes);
  outer.changes.insert(outer.changes.end(), inner.changes.begin(), inner.changes.end());
  for (const ObjectUse& object : inner.objects) add_object(outer, object);
  outer.reads_and_writes.insert(outer.reads_and_writes.end(), inner.reads_and_writes.begin(),
                                inner.reads_and_writes.end());
  outer.written.insert(outer.written.end(), inner.written.begin(), inner.written.end());
  for (const std::string& function : inner.functions) {
    add_function(outer, function);
  }
  outer.settings.insert(outer.settings.end(), inner.settings.begin(), inner.settings.end());
  // Of two reasons the later one in the list is the graver or at least as grave.
  outer.opaque = std::max(outer.opaque, inner.opaque);
  // Files of the server count wherever they are read or written; data on the wire belongs to the outer statement only.
  if (inner.copy == CopyUse::kServerFile || inner.copy == CopyUse::kProgram)
    outer.copy = std::max(outer.copy, inner.copy);
  outer.embedded_commit = outer.embedded_commit || inner.embedded_commit;
  if (outer.unread_reason.empty()) outer.unread_reason = inner.unread_reason;
}

}  // namespace schemaguard::parser::postgres
