// Implicit commit: which statements commit what is open before they run (evasion M6).
//
// The server does it even when the statement then fails, unless its grammar rejects the text (mysql-wire 43). Measured
// on MariaDB 10.11; for MySQL as its manual lists them ("Statements That Cause an Implicit Commit"). Two depend on the
// session and are left to it: UNLOCK TABLES after LOCK TABLES, and SET autocommit = 1 while it is off. Pure.
#pragma once

#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::mysql {

// For complete facts: of an EXECUTE IMMEDIATE or SET STATEMENT … FOR the inner statement counts.
bool commits_implicitly(const StatementFacts& facts, Flavour flavour);

}  // namespace schemaguard::parser::mysql
