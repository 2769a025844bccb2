// SqlLexer: PostgreSQL's tokens, cut exactly where the server cuts them, without its grammar.
//
// For everybody who needs positions in a statement text and must not be fooled by quotes and comments: the scanner's
// statement count, the statement reader's fallback, redaction and fingerprints. It follows scan.l of 15 to 18 where
// the server accepts the text; where the server would reject it (trailing junk after a number, bad escapes) tokens
// still tile the text in a stable way. It borrows the text, which must outlive it; tokens hold positions only. Never
// allocates, never throws, linear time. A NUL byte is an ordinary odd byte here (kOther).
//
//   SqlLexer lexer(text);
//   for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) use(token.text(text));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace schemaguard::parser::postgres {

enum class TokenKind : uint8_t {
  kEnd,                // behind the last token, for ever; length 0
  kWord,               // key word or unquoted identifier; N of N'…' is a word of its own
  kQuotedIdentifier,   // "…"
  kUnicodeIdentifier,  // U&"…"; a following UESCAPE 'x' is a word and a string
  kString,             // '…', all continued pieces together
  kEscapeString,       // E'…'
  kUnicodeString,      // U&'…'
  kBitString,          // B'…' or X'…'
  kDollarString,       // $tag$…$tag$
  kNumber,             // without its sign
  kParameter,          // $1
  kOperator,           // longest operator; also the single ones: + - * / < > = and so on
  kPunctuation,        // one of ( ) [ ] , . : or one of :: := ..
  kSemicolon,
  kComment,       // only with `comments`: -- without its line end, or /* … */
  kUnterminated,  // a constant, quoted identifier or comment that the text does not close; reaches to the end
  kOther,         // any other single byte: \ { } control bytes and a '$' that begins nothing
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  // Constants only: a backslash escapes inside (E'…'; '…' with standard_conforming_strings off).
  bool backslash_escapes = false;
  // Single-quoted constants only: two pieces are joined over a comment. libpg_query's lexer does not join these and
  // may then take text for comment that the server runs (evasion 40).
  bool joined_over_comment = false;
  // At least one comment stands between this token and the one before.
  bool after_comment = false;
  size_t offset = 0;
  size_t length = 0;

  [[nodiscard]] std::string_view text(std::string_view whole) const { return whole.substr(offset, length); }
  [[nodiscard]] size_t end() const { return offset + length; }
  // One of the constants in single quotes.
  [[nodiscard]] bool is_quoted_constant() const;
};

struct LexerOptions {
  bool standard_conforming_strings = true;  // off: a backslash escapes in '…' (evasion 45)
  bool comments = false;                    // report comments as tokens (those inside a continued constant are not)
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view text, LexerOptions options = {}) : text_(text), options_(options) {}

  Token next();
  // Goes on at `offset`, which must be where a token starts or where white space is.
  void seek(size_t offset) { position_ = offset; }

 private:
  Token constant(TokenKind kind, size_t start, size_t opening_quote_end);

  std::string_view text_;
  LexerOptions options_;
  size_t position_ = 0;
};

// ASCII-case-insensitive comparison of a word with lower-case letters, as the server compares key words.
bool is_word(std::string_view word, std::string_view lower_case);

// One statement as the server's grammar separates them: from its first token to the end of its last one, the
// semicolon left out. A ';' inside the parentheses of CREATE RULE or inside BEGIN ATOMIC … END parts the text here
// too, so there may be more of these than the server sees, never fewer (evasion 15, 16).
struct StatementSpan {
  size_t offset = 0;
  size_t length = 0;
  Token first;  // its first token
};

// Walks the non-empty statements of a text.
class StatementSplitter {
 public:
  explicit StatementSplitter(std::string_view text, bool standard_conforming_strings = true)
      : lexer_(text, {.standard_conforming_strings = standard_conforming_strings}) {}

  // False when there is none left. A statement with an unterminated token reaches to the end of the text.
  bool next(StatementSpan& span);
  // Something in the text up to here was not terminated: the server rejects the whole text.
  [[nodiscard]] bool unterminated() const { return unterminated_; }
  // A constant, a comment and a quote met up to here: libpg_query must not be asked (evasion 40).
  [[nodiscard]] bool string_comment_string() const { return string_comment_string_; }

 private:
  SqlLexer lexer_;
  bool unterminated_ = false;
  bool string_comment_string_ = false;
};

}  // namespace schemaguard::parser::postgres
