// Function facts: which calls in a statement do more than compute.
//
// Built-in functions that read files, run text, change sequences or the server are on a list; the plain ones (see
// plain_functions.h) are no facts at all; every other name in front of a '(' that lists no columns is a routine of
// which nothing is known: stored functions, which cannot change the schema on these servers (mysql-wire 3.4), and
// loadable ones, which can. Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// The name that stands at the cursor, with the '(' behind it, if it is a call. Other positions are no matter.
void call_facts(const StatementCursor& cursor, StatementFacts& facts);

}  // namespace schemaguard::parser::mysql
