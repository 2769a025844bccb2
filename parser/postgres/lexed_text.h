// LexedText: a text made ready for the grammar: its tokens, and the text itself with comments blanked.
//
// Comments are overwritten with spaces, so that offsets hold, because the grammar rejects comments in places where the
// server takes them (evasion 39 to 41). The tokens are the server's own, from SqlLexer; the library's scanner loses its
// place at a string that goes on behind a comment (evasion 40), so such texts are refused here, and it does not know
// the numbers of newer servers. Owns everything; linear in the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/postgres/clauses.h"

namespace schemaguard::parser::postgres {

struct LexedText {
  std::string blanked;
  std::vector<TextToken> tokens;
  std::string_view unread_reason;  // "" when the text can be read; else "unterminated", "string_comment_string", …
};

LexedText lex_text(std::string_view text, bool standard_conforming_strings);

}  // namespace schemaguard::parser::postgres
