// Effective classes: the classes of a statement once the session's names and the policy's lists are applied.
//
// Facts say what a text does whoever sends it. Only the session knows that `users` is a temporary table there
// (evasion 131), only the policy knows that an extension or a function is on its list. In doubt an object is the
// persistent one.
#pragma once

#include "parser/statement_facts.h"
#include "policies/rules/compiled_match.h"
#include "policies/rules/policy.h"

namespace schemaguard::policies {

// The classes that are never judged unless a rule speaks of ordinary work.
inline constexpr parser::ClassSet kOrdinaryClasses = {parser::StatementClass::kQuery, parser::StatementClass::kSession,
                                                      parser::StatementClass::kTransaction,
                                                      parser::StatementClass::kTemporary};

// True when all classes of `set` are ordinary and there is at least one.
constexpr bool only_ordinary(parser::ClassSet set) {
  return !set.empty() && (set.bits() & ~kOrdinaryClasses.bits()) == 0;
}

// Whether the object lives in this session only, as far as that is certain.
bool is_temporary(const parser::ObjectUse& use, const SessionNames& names);
bool is_temporary(const parser::Change& change, const SessionNames& names);

// schema -> temporary where every change is to a temporary object; the same for destructive and maintenance. A write
// to an unqualified name is a catalog write where that name is one of the server's own tables.
parser::ClassSet classes_in_session(const parser::StatementFacts& facts, const SessionNames& names);

// The name of an object for rules and messages; temporary ones of PostgreSQL stand in pg_temp.
UnitName unit_name(const parser::ObjectUse& use, const SessionNames& names);
// The name of a function as facts spell it: "schema.name" or "name".
UnitName function_unit_name(std::string_view function);

}  // namespace schemaguard::policies
