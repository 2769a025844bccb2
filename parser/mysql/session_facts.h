// Session facts: SET in all its forms, and what a SET does to the reading of the statements behind it.
//
// `state` is the reading state before the statement and is brought up to date: a constant counts as it is written, any
// other value makes what it sets unknown (evasion M3, M4). Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// Starts behind SET. SET STATEMENT … FOR leaves the cursor at the inner statement; otherwise it ends at the end.
void set_facts(StatementCursor& cursor, ReadingState& state, StatementFacts& facts);

}  // namespace schemaguard::parser::mysql
