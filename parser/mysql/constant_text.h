// Constant text: the value of an expression that is certainly the same whenever it is evaluated.
//
// What PREPARE and EXECUTE IMMEDIATE run (evasion M9): strings, their pieces, hexadecimal strings, character set
// introducers, and CONCAT of these. (What || does depends on sql_mode.) Only plain 7-bit text counts, which every
// character set reads alike. Pure.
#pragma once

#include <optional>
#include <string>

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// Moves behind the expression; nothing, and the cursor anywhere, when it is not certain.
std::optional<std::string> constant_text(StatementCursor& cursor);

}  // namespace schemaguard::parser::mysql
