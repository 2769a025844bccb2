// Query facts: SELECT, DML and the like, as far as a verdict needs them.
//
// Finds server files (INTO OUTFILE, LOAD DATA), tables that are written, writes to the system's own databases, and
// calls of functions that act beyond rows. Stored functions cannot change the schema on these servers (mysql-wire 3.4);
// loadable ones can, so the known ones are on a list and calls with a schema in front are reported. Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// The whole statement; `cursor` stands at its first word.
void query_facts(StatementCursor& cursor, StatementFacts& facts);
// LOAD DATA, LOAD XML.
void load_facts(StatementCursor& cursor, StatementFacts& facts);
// Only the calls and INTO clauses in what stands from here to the end: expressions of any statement.
void expression_facts(StatementCursor cursor, StatementFacts& facts);

}  // namespace schemaguard::parser::mysql
