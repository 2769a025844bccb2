// First words: the documented fallback for a statement that the grammar rejects (evasion section 8).
//
// A parse failure never means that the server will reject the statement too: its grammar may be newer (evasion 64, 65).
// What begins like a query, a row change or transaction control and holds nothing suspicious is let through as that,
// also behind EXPLAIN, DECLARE … CURSOR FOR and COPY (…) TO STDOUT; everything else is unread. Works on the tokens of
// one statement, comments already blanked. Pure.
#pragma once

#include <string_view>

#include "parser/postgres/clauses.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// The facts of the statement in `range`; `reason` is the unread reason when it cannot be let through.
StatementFacts first_word_facts(const ClauseCutter& clauses, TokenRange range, std::string_view reason);

}  // namespace schemaguard::parser::postgres
