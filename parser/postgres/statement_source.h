// StatementSource: what the readers of single node families are given besides the node, and the few verbs they share.
//
// A family reader turns one statement node into facts: it adds classes, changes, objects. It only ever adds; it never
// removes what another reader found. Everything here lives for the reading of one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/postgres/clauses.h"
#include "parser/postgres/objects.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// Code inside code (a DO block whose EXECUTE holds a DO block, …) is followed this far; deeper is dynamic code.
inline constexpr size_t kCodeDepthMax = 8;

struct StatementSource {
  const ClauseCutter& clauses;
  TokenRange statement;               // tokens of the whole statement
  std::string_view enclosing_schema;  // of CREATE SCHEMA, for the names of its elements
  bool standard_conforming_strings = true;
  size_t code_depth = 0;
};

// Appends a change of `object` and notes the object.
Change& add_change(StatementFacts& facts, std::string_view kind, const ObjectUse& object);
Change& add_change(StatementFacts& facts, std::string_view kind, const NamedObject& named);
// Notes an object once.
void add_object(StatementFacts& facts, const ObjectUse& object);
// Notes a called function once.
void add_function(StatementFacts& facts, const std::string& name);
// kTemporary when every change so far is certain to stay in the session, kSchema as soon as one is not.
void classify_changes(StatementFacts& facts);
// Folds classes, changes, objects, functions and settings of an inner statement into the outer one.
void fold_in(StatementFacts& outer, const StatementFacts& inner);

// Reads any statement node (see node_facts.cc); an unknown one becomes kUnread with reason "unknown_node".
void read_node(const TypedNode& node, const StatementSource& source, StatementFacts& facts);

// The facts of SQL text inside the text being read: the body of a DO block, the argument of its EXECUTE.
TextFacts read_nested_text(std::string_view text, const StatementSource& source);
// The value of an SQL expression that is a string constant, or such constants joined with ||.
std::optional<std::string> constant_string(std::string_view expression, const StatementSource& source);

}  // namespace schemaguard::parser::postgres
