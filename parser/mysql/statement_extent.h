// StatementExtent: where one statement of a text ends, as the server's grammar ends it.
//
// A ';' ends a statement only outside of compound statements: the bodies of routines, triggers and events, and in
// MariaDB the blocks that stand alone (mysql-wire 3.4). The simple statements inside of a compound statement are
// listed, because each of them may be run. What does not nest as it should is marked malformed: the server rejects it,
// and the extent then reaches to the ';' where reading failed, so that all behind is judged as statements of its own.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/mysql/sql_lexer.h"

namespace schemaguard::parser::mysql {

struct TokenSpan {
  size_t first = 0;
  size_t last = 0;          // one behind
  bool expression = false;  // a condition or declaration, not a statement
};

struct StatementExtent {
  std::vector<Token> tokens;    // of the statement, without the ';' that ends it
  std::vector<TokenSpan> body;  // the simple statements of its body or block; expressions of IF, WHILE … too
  bool stands_alone = false;    // a block that is a statement itself
  size_t block_at = 0;          // where that block begins: behind SET STATEMENT … FOR
  bool malformed = false;       // blocks that do not close
  bool hidden = false;          // code that is not taken apart: packages outside of sql_mode=ORACLE
  bool at_end = false;          // nothing is left behind it
  size_t next_offset = 0;       // where the next statement starts
  [[nodiscard]] bool compound() const { return !body.empty() || hidden; }
};

// Reads the statement that starts at `offset` of `text`. Without tokens when there is none left.
StatementExtent read_extent(std::string_view text, size_t offset, const Reading& reading);

}  // namespace schemaguard::parser::mysql
