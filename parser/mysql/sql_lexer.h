// SqlLexer: MySQL's and MariaDB's tokens, cut exactly where the server cuts them under one reading.
//
// For everybody who needs positions in a statement text and must not be fooled by quotes, comments and executable
// comments (mysql-wire 3.1 to 3.3). What the server's own lexer gives up on is kAbort: no statement that holds one
// runs. It borrows the text, which must outlive it; tokens hold positions only. Never allocates, never throws, linear
// time but for dollar-quoted texts that nothing closes (one of them ends the text).
//
//   SqlLexer lexer(text, reading);
//   for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) use(token.text(text));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/mysql/reading.h"

namespace schemaguard::parser::mysql {

enum class TokenKind : uint8_t {
  kEnd,               // behind the last token, for ever; length 0
  kWord,              // key word or unquoted identifier; also _utf8mb4 before a string
  kQuotedIdentifier,  // `…`, and "…" with ANSI_QUOTES
  kString,            // '…' or "…"; pieces that stand side by side are tokens of their own
  kNationalString,    // N'…'
  kBitString,         // x'…', b'…', 0x…, 0b…
  kDollarString,      // $tag$…$tag$, MySQL 8.1 and newer
  kNumber,            // without its sign
  kUserVariable,      // @name, and @ alone before a quoted name
  kSystemVariable,    // @@; the words behind it follow
  kParameter,         // ?
  kNull,              // \N
  kOperator,          // := || && -> .. or one byte
  kPunctuation,       // one of ( ) , . { }
  kSemicolon,
  kComment,    // only with `comments`; the marks of an executable comment that runs are such tokens too
  kAbort,      // the lexer of the server stops here; reaches to the end of the text
  kUncertain,  // one byte whose meaning this reading does not settle, or a NUL
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool executable = false;     // stands in an executable comment that runs
  bool after_comment = false;  // at least one comment stands between this token and the one before
  bool after_dot = false;      // a word directly behind the '.' of a name: never a key word
  size_t offset = 0;
  size_t length = 0;

  [[nodiscard]] std::string_view text(std::string_view whole) const { return whole.substr(offset, length); }
  [[nodiscard]] size_t end() const { return offset + length; }
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view text, const Reading& reading, bool comments = false)
      : text_(text), reading_(reading), comments_(comments) {}

  Token next();
  // Starts a new statement at `offset`: an executable comment that is still open is forgotten, as the server does.
  void begin_statement(size_t offset);

 private:
  // The byte at `offset`, 0 behind the end.
  [[nodiscard]] char at(size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  [[nodiscard]] bool is_word_byte(size_t offset) const;
  [[nodiscard]] bool is_space(size_t offset) const;
  [[nodiscard]] size_t word_end(size_t offset) const;
  // Behind the closing quote; npos when there is none.
  [[nodiscard]] size_t quoted_end(size_t offset, char quote, bool backslash) const;

  Token token(TokenKind kind, size_t start, size_t end);
  Token abort(size_t start) { return token(TokenKind::kAbort, start, text_.size()); }
  // Skips a comment at `start`. False when it is not closed.
  bool skip_block_comment(size_t start);
  [[nodiscard]] size_t comment_body_end(size_t offset, bool nested) const;
  Token word(size_t start);
  Token number(size_t start);
  Token real(size_t start, size_t offset);
  Token digits_string(size_t start, bool hexadecimal);
  Token at_sign(size_t start);
  Token dollar(size_t start);
  Token string(TokenKind kind, size_t start, size_t quote);

  enum class After : uint8_t { kNothing, kName, kNameDot, kSystemVariable };

  std::string_view text_;
  Reading reading_;
  bool comments_;
  size_t position_ = 0;
  bool executable_ = false;
  bool after_comment_ = false;
  After after_ = After::kNothing;
};

// ASCII-case-insensitive comparison of a word with lower-case letters.
bool is_word(std::string_view word, std::string_view lower_case);

}  // namespace schemaguard::parser::mysql
