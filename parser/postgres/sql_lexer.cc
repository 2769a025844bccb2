#include "parser/postgres/sql_lexer.h"

#include "parser/postgres/lexical_rules.h"

namespace schemaguard::parser::postgres {
namespace {

using lexical::Quoting;
using lexical::Text;

bool starts_comment(std::string_view text, size_t position) {
  const std::string_view start = text.substr(position, 2);
  return start == "--" || start == "/*";
}

char byte_at(std::string_view text, size_t position) { return position < text.size() ? text[position] : '\0'; }

}  // namespace

bool Token::is_quoted_constant() const {
  return kind == TokenKind::kString || kind == TokenKind::kEscapeString || kind == TokenKind::kUnicodeString ||
         kind == TokenKind::kBitString;
}

Token SqlLexer::constant(TokenKind kind, size_t start, size_t opening_quote_end) {
  Quoting quoting = Quoting::kDoubled;
  if (kind == TokenKind::kBitString) quoting = Quoting::kBare;
  if (kind == TokenKind::kEscapeString || (kind == TokenKind::kString && !options_.standard_conforming_strings)) {
    quoting = Quoting::kBackslash;
  }
  Token token{.kind = kind, .backslash_escapes = quoting == Quoting::kBackslash, .offset = start};
  const lexical::ConstantEnd end = lexical::constant_end(Text(text_), text_.data() + opening_quote_end, quoting);
  if (end.position == nullptr) {
    token.kind = TokenKind::kUnterminated;
    token.length = text_.size() - start;
    return token;
  }
  token.joined_over_comment = end.over_comment;
  token.length = static_cast<size_t>(end.position - text_.data()) - start;
  return token;
}

Token SqlLexer::next() {
  const Text text(text_);
  bool after_comment = false;
  const auto finish = [&](TokenKind kind, size_t start, const char* end) {
    Token token{.kind = kind, .after_comment = after_comment, .offset = start};
    if (end == nullptr) {
      token.kind = TokenKind::kUnterminated;
      end = text.end;
    }
    position_ = static_cast<size_t>(end - text.begin);
    token.length = position_ - start;
    return token;
  };
  const auto finish_constant = [&](TokenKind kind, size_t start, size_t opening_quote_end) {
    Token token = constant(kind, start, opening_quote_end);
    token.after_comment = after_comment;
    position_ = token.end();
    return token;
  };

  while (position_ < text_.size() &&
         (lexical::is(text_[position_], lexical::kSpaceByte) || starts_comment(text_, position_))) {
    if (lexical::is(text_[position_], lexical::kSpaceByte)) {
      ++position_;
      continue;
    }
    const char* const inside = text.begin + position_ + 2;
    const char* const end =
        text_[position_] == '-' ? lexical::line_comment_end(text, inside) : lexical::block_comment_end(text, inside);
    if (end == nullptr || options_.comments) return finish(TokenKind::kComment, position_, end);
    position_ = static_cast<size_t>(end - text.begin);
    after_comment = true;
  }

  const size_t start = position_;
  if (start >= text_.size()) return Token{.after_comment = after_comment, .offset = text_.size()};
  const char* const here = text.begin + start;
  const char byte = *here;
  const char following = byte_at(text_, start + 1);

  if (lexical::is(byte, lexical::kWordStartByte)) {
    if (following == '\'') {
      if (byte == 'e' || byte == 'E') return finish_constant(TokenKind::kEscapeString, start, start + 2);
      if (byte == 'b' || byte == 'B' || byte == 'x' || byte == 'X') {
        return finish_constant(TokenKind::kBitString, start, start + 2);
      }
    }
    if ((byte == 'u' || byte == 'U') && following == '&') {
      const char quote = byte_at(text_, start + 2);
      if (quote == '\'') return finish_constant(TokenKind::kUnicodeString, start, start + 3);
      if (quote == '"') {
        return finish(TokenKind::kUnicodeIdentifier, start, lexical::doubled_quote_end<'"'>(text, here + 3));
      }
    }
    return finish(TokenKind::kWord, start, lexical::word_end(text, here + 1));
  }
  if (lexical::is(byte, lexical::kDigitByte) || (byte == '.' && lexical::is(following, lexical::kDigitByte))) {
    return finish(TokenKind::kNumber, start, lexical::number_end(text, here));
  }
  if (lexical::is(byte, lexical::kOperatorByte)) {
    return finish(TokenKind::kOperator, start, lexical::operator_end(text, here));
  }
  switch (byte) {
    case '\'':
      return finish_constant(TokenKind::kString, start, start + 1);
    case '"':
      return finish(TokenKind::kQuotedIdentifier, start, lexical::doubled_quote_end<'"'>(text, here + 1));
    case ';':
      return finish(TokenKind::kSemicolon, start, here + 1);
    case '(':
    case ')':
    case '[':
    case ']':
    case ',':
      return finish(TokenKind::kPunctuation, start, here + 1);
    case '.':
      return finish(TokenKind::kPunctuation, start, here + (following == '.' ? 2 : 1));
    case ':':
      return finish(TokenKind::kPunctuation, start, here + (following == ':' || following == '=' ? 2 : 1));
    case '$':
      if (lexical::is(following, lexical::kDigitByte)) {
        const char* end = here + 2;
        while (end != text.end && lexical::is(*end, lexical::kDigitByte)) ++end;
        return finish(TokenKind::kParameter, start, end);
      }
      if (const size_t delimiter = lexical::dollar_delimiter_length(text, here); delimiter != 0) {
        return finish(TokenKind::kDollarString, start, lexical::dollar_string_end(text, here, delimiter));
      }
      return finish(TokenKind::kOther, start, here + 1);
    default:
      return finish(TokenKind::kOther, start, here + 1);
  }
}

bool is_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char byte = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] | 0x20) : word[i];
    if (byte != lower_case[i]) return false;
  }
  return true;
}

bool StatementSplitter::next(StatementSpan& span) {
  span = {};
  TokenKind previous = TokenKind::kEnd;
  bool previous_is_constant = false;
  for (Token token = lexer_.next();; token = lexer_.next()) {
    unterminated_ = unterminated_ || token.kind == TokenKind::kUnterminated;
    string_comment_string_ = string_comment_string_ || token.joined_over_comment ||
                             (previous_is_constant && token.after_comment && token.kind == TokenKind::kString);
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kSemicolon) {
      if (previous != TokenKind::kEnd) return true;
      if (token.kind == TokenKind::kEnd) return false;
      continue;
    }
    if (previous == TokenKind::kEnd) {
      span.offset = token.offset;
      span.first = token;
    }
    span.length = token.end() - span.offset;
    previous = token.kind;
    previous_is_constant = token.is_quoted_constant();
  }
}

}  // namespace schemaguard::parser::postgres
