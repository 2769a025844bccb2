// Object facts: CREATE, ALTER, DROP and RENAME of everything that is not a table or an index, and the statements on
// accounts.
//
// One table of object kinds says how each is named and which class its changes have. A word that the table does not
// know leaves the statement `schema` with its shape unknown. Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// Each starts behind its first word.
void create_facts(StatementCursor& cursor, StatementFacts& facts);
void alter_facts(StatementCursor& cursor, StatementFacts& facts);
void drop_facts(StatementCursor& cursor, StatementFacts& facts);
void rename_facts(StatementCursor& cursor, StatementFacts& facts);
// GRANT, REVOKE.
void grant_facts(StatementCursor& cursor, bool revoke, StatementFacts& facts);

// user, 'user'@'host' (as user@host), a role, CURRENT_USER(). False when none stands here.
bool account_name(StatementCursor& cursor, ObjectName& name);

}  // namespace schemaguard::parser::mysql
