// Statement dispatch: from the first word of a statement to the function that reads it.
//
// A default-deny table: a first word that no branch knows is unread. Statements inside of other statements (PREPARE,
// EXECUTE IMMEDIATE, SET STATEMENT … FOR, ANALYZE) are read by the same functions, down to kInnerDepthMax. Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"
#include "parser/mysql/statement_extent.h"

namespace schemaguard::parser::mysql {

// The facts of one statement; `state` is brought up to date for the statements behind it.
StatementFacts statement_facts(std::string_view text, const StatementExtent& extent, const Reading& reading,
                               ReadingState& state, size_t depth = 0);

}  // namespace schemaguard::parser::mysql
