// ProceduralBody: a PL/pgSQL block, cut into the SQL statements and expressions that it would run.
//
// The block's own grammar is simple: statements end at semicolons, control words stand in front of them. The body is
// walked by tokens as the server's PL/pgSQL compiler walks it; every expression and statement found on the way is
// handed to the SQL grammar, so nothing that could be SQL is skipped, and whatever cannot be read makes the block
// unreadable. (The PL/pgSQL parser of libpg_query is not used: it rejects cursors and row types, leaves parts of a
// block out of its tree, and runs on text that an attacker writes.) EXECUTE of a constant is read as the statements in
// it; of anything else it makes the block dynamic. Never fails: what it could not read stands in the facts.
#pragma once

#include <string_view>

#include "parser/postgres/statement_source.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// Adds what `body` runs to `facts`, as if each statement were run once.
void procedural_body_facts(std::string_view body, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
