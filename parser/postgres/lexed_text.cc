#include "parser/postgres/lexed_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "parser/postgres/sql_lexer.h"

namespace schemaguard::parser::postgres {

LexedText lex_text(std::string_view text, bool standard_conforming_strings) {
  LexedText lexed;
  if (text.size() > std::numeric_limits<uint32_t>::max()) {
    lexed.unread_reason = "too_long";
    return lexed;
  }
  lexed.blanked = std::string(text);
  SqlLexer lexer(text, {.standard_conforming_strings = standard_conforming_strings, .comments = true});
  bool after_string = false;
  bool after_comment = false;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kUnterminated) {
      lexed.unread_reason = "unterminated";
      return lexed;
    }
    if (token.kind == TokenKind::kComment) {
      const auto begin = lexed.blanked.begin() + static_cast<std::ptrdiff_t>(token.offset);
      std::fill(begin, begin + static_cast<std::ptrdiff_t>(token.length), ' ');
      after_comment = true;
      continue;
    }
    const bool string = token.is_quoted_constant();
    if (token.joined_over_comment || (string && after_string && after_comment)) {
      lexed.unread_reason = "string_comment_string";
      return lexed;
    }
    after_string = string;
    after_comment = false;
    lexed.tokens.push_back({.start = static_cast<uint32_t>(token.offset), .end = static_cast<uint32_t>(token.end())});
  }
  return lexed;
}

}  // namespace schemaguard::parser::postgres
