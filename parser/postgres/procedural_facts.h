// Procedural facts: DO blocks, read as the code they run.
//
// The body of a PL/pgSQL block is parsed; DDL that stands in it is judged as that DDL, an EXECUTE of a constant string
// is parsed in turn, an EXECUTE of a built string makes the block dynamic, and a block that does neither is a query
// (design section 5, `opaque`; evasion 136). Bodies in other languages cannot be read and stay opaque.
#pragma once

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void do_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
