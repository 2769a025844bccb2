// Nesting: where statements end and how deep one of them is, told from its tokens before the grammar sees it.
//
// Both answers are estimates on the safe side. A wrong end makes the grammar reject the pieces, which then fall back to
// first words; the depth is an upper bound of the height of the tree that the grammar would build (evasion 69), so that
// no text can exhaust a stack. Pure functions, linear in the number of tokens.
#pragma once

#include <cstddef>
#include <vector>

#include "parser/postgres/clauses.h"

namespace schemaguard::parser::postgres {

// The non-empty statements of a text of `token_count` tokens: cut at semicolons outside brackets and outside the
// BEGIN ATOMIC … END of a routine's body (evasion 16).
std::vector<TokenRange> split_statements(const ClauseCutter& clauses, size_t token_count);

// Open brackets plus the chains of operators, set operations, joins and CASE around each place.
size_t nesting_depth(const ClauseCutter& clauses, TokenRange statement);

}  // namespace schemaguard::parser::postgres
