#include "parser/mysql/sql_lexer.h"

#include "absl/strings/ascii.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr ServerVersion kDollarQuotesSince = 80100;
constexpr ServerVersion kNullEscapeUntil = 79999;  // MySQL 8.0 dropped \N
constexpr ServerVersion kHintsSinceMariaDb = 120000;
// MariaDB runs comments of MySQL's versions only up to the last one that it grew from.
constexpr ServerVersion kForeignVersionMin = 50700;
constexpr ServerVersion kForeignVersionMax = 99999;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_hex(char byte) { return absl::ascii_isxdigit(static_cast<unsigned char>(byte)); }
bool is_plain_word(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '_' || byte == '$';
}
bool is_high(char byte) { return static_cast<uint8_t>(byte) >= 0x80; }

// Found by asking the server for each byte (10.11): the letters of latin1 (in truth cp1252).
bool is_latin1_letter(char byte) {
  switch (const auto code = static_cast<uint8_t>(byte); code) {
    case 0x83:
    case 0x8A:
    case 0x8C:
    case 0x8E:
    case 0x9A:
    case 0x9C:
    case 0x9E:
    case 0x9F:
      return true;
    default:
      return code >= 0xC0 && code != 0xD7 && code != 0xF7;
  }
}

}  // namespace

bool is_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (absl::ascii_tolower(static_cast<unsigned char>(word[i])) != lower_case[i]) return false;
  }
  return true;
}

void SqlLexer::begin_statement(size_t offset) {
  position_ = offset;
  executable_ = false;
  after_comment_ = false;
  after_ = After::kNothing;
}

bool SqlLexer::is_word_byte(size_t offset) const {
  const char byte = at(offset);
  if (!is_high(byte)) return is_plain_word(byte);
  switch (reading_.character_set) {
    case CharacterSet::kUtf8:
      return true;
    case CharacterSet::kLatin1:
      return is_latin1_letter(byte);
    case CharacterSet::kSafe:
    case CharacterSet::kUnsafe:
    case CharacterSet::kUnknown:
      return false;
  }
  return false;
}

bool SqlLexer::is_space(size_t offset) const {
  const char byte = at(offset);
  return byte == ' ' || (byte >= '\t' && byte <= '\r') ||
         (byte == '\xA0' && reading_.character_set == CharacterSet::kLatin1);
}

size_t SqlLexer::word_end(size_t offset) const {
  while (offset < text_.size() && is_word_byte(offset)) ++offset;
  return offset;
}

size_t SqlLexer::quoted_end(size_t offset, char quote, bool backslash) const {
  while (offset < text_.size()) {
    if (text_[offset] == quote) {
      if (at(offset + 1) != quote) return offset + 1;
      ++offset;
    } else if (backslash && text_[offset] == '\\') {
      ++offset;
    }
    ++offset;
  }
  return kNone;
}

Token SqlLexer::token(TokenKind kind, size_t start, size_t end) {
  Token result{.kind = kind,
               .executable = executable_,
               .after_comment = after_comment_,
               .after_dot = false,
               .offset = start,
               .length = end - start};
  position_ = end;
  after_comment_ = false;
  after_ = After::kNothing;
  return result;
}

// Where the body that starts at `offset` ends, behind its */. One comment may stand inside a skipped body.
size_t SqlLexer::comment_body_end(size_t offset, bool nested) const {
  while (offset + 1 < text_.size()) {
    if (text_[offset] == '*' && text_[offset + 1] == '/') return offset + 2;
    if (nested && text_[offset] == '/' && text_[offset + 1] == '*') {
      offset = comment_body_end(offset + 2, false);
      if (offset == kNone) return kNone;
    } else {
      ++offset;
    }
  }
  return kNone;
}

bool SqlLexer::skip_block_comment(size_t start) {
  size_t offset = start + 2;
  const bool own = reading_.flavour == Flavour::kMariaDb && at(offset) == 'M' && at(offset + 1) == '!';
  if (own || at(offset) == '!') {
    offset += own ? 2 : 1;
    size_t digits = 0;
    ServerVersion version = 0;
    while (digits < 5 && is_digit(at(offset + digits))) {
      version = version * 10 + static_cast<ServerVersion>(at(offset + digits++) - '0');
    }
    bool runs = true;
    if (digits == 5) {
      // MySQL takes a sixth digit only with white space behind it, MariaDB always (mysql-wire 3.1).
      if (is_digit(at(offset + 5)) && (reading_.flavour == Flavour::kMariaDb || is_space(offset + 6))) {
        version = version * 10 + static_cast<ServerVersion>(at(offset + 5) - '0');
        ++digits;
      }
      const bool foreign = reading_.flavour == Flavour::kMariaDb && !own && version >= kForeignVersionMin &&
                           version <= kForeignVersionMax;
      runs = version <= reading_.version && !foreign;
      if (runs) offset += digits;
    }
    if (runs) {
      executable_ = true;
      position_ = offset;
      return true;
    }
    position_ = comment_body_end(offset, true);
    return position_ != kNone;
  }
  position_ = comment_body_end(offset, false);
  if (position_ == kNone) return false;
  const bool hints =
      at(offset) == '+' && (reading_.flavour == Flavour::kMySql || reading_.version >= kHintsSinceMariaDb);
  if (!hints) return true;
  // A hint is read by a lexer of its own, for which the mark of its end may stand in quotes.
  for (size_t inside = offset + 1; inside < position_ - 2; ++inside) {
    const char byte = text_[inside];
    if (byte != '\'' && byte != '"' && byte != '`') continue;
    inside = text_.find(byte, inside + 1);
    if (inside == kNone || inside >= position_ - 2) return false;
  }
  return true;
}

Token SqlLexer::string(TokenKind kind, size_t start, size_t quote) {
  const size_t end = quoted_end(quote + 1, text_[quote], !reading_.no_backslash_escapes);
  return end == kNone ? abort(start) : token(kind, start, end);
}

Token SqlLexer::digits_string(size_t start, bool hexadecimal) {
  size_t offset = start + 2;
  while (hexadecimal ? is_hex(at(offset)) : (at(offset) == '0' || at(offset) == '1')) ++offset;
  const bool odd = hexadecimal && (offset - start) % 2 != 0;
  if (at(offset) != '\'' || odd) return abort(start);
  return token(TokenKind::kBitString, start, offset + 1);
}

Token SqlLexer::word(size_t start) {
  const size_t end = word_end(start);
  Token result = token(TokenKind::kWord, start, end);
  // A name goes on behind a '.' that touches it and a byte of a word, digits and key words too: t.1a, t.table.
  if (at(end) == '.' && is_word_byte(end + 1)) after_ = After::kName;
  return result;
}

Token SqlLexer::real(size_t start, size_t offset) {
  while (is_digit(at(offset))) ++offset;
  if (at(offset) == 'e' || at(offset) == 'E') {
    size_t exponent = offset + 1;
    if (at(exponent) == '+' || at(exponent) == '-') ++exponent;
    if (is_digit(at(exponent))) {
      offset = exponent;
      while (is_digit(at(offset))) ++offset;
    }
  }
  return token(TokenKind::kNumber, start, offset);
}

Token SqlLexer::number(size_t start) {
  if (at(start) == '0' && (at(start + 1) == 'x' || at(start + 1) == 'b')) {
    const bool hexadecimal = at(start + 1) == 'x';
    size_t offset = start + 2;
    while (hexadecimal ? is_hex(at(offset)) : (at(offset) == '0' || at(offset) == '1')) ++offset;
    if (offset > start + 2 && !is_word_byte(offset)) return token(TokenKind::kBitString, start, offset);
    return word(start);
  }
  size_t offset = start;
  while (is_digit(at(offset))) ++offset;
  if (is_word_byte(offset)) {
    if (at(offset) == 'e' || at(offset) == 'E') {
      const size_t sign = at(offset + 1) == '+' || at(offset + 1) == '-' ? 1 : 0;
      if (is_digit(at(offset + 1 + sign))) return real(start, offset);
    }
    return word(start);
  }
  if (at(offset) != '.') return token(TokenKind::kNumber, start, offset);
  if (at(offset + 1) == '.' && reading_.flavour == Flavour::kMariaDb) return token(TokenKind::kNumber, start, offset);
  return real(start, offset + 1);
}

Token SqlLexer::at_sign(size_t start) {
  size_t offset = start + 1;
  if (at(offset) == '@') {
    Token result = token(TokenKind::kSystemVariable, start, offset + 1);
    after_ = After::kSystemVariable;
    return result;
  }
  while (offset < text_.size() && (is_word_byte(offset) || at(offset) == '.')) ++offset;
  return token(TokenKind::kUserVariable, start, offset);
}

Token SqlLexer::dollar(size_t start) {
  if (reading_.flavour != Flavour::kMySql || reading_.version < kDollarQuotesSince) return word(start);
  size_t tag = start + 1;
  while (at(tag) != '$' && is_word_byte(tag)) ++tag;
  if (at(tag) != '$') return word(start);
  const std::string_view delimiter = text_.substr(start, tag + 1 - start);
  const size_t end = text_.find(delimiter, tag + 1);
  return end == kNone ? abort(start) : token(TokenKind::kDollarString, start, end + delimiter.size());
}

Token SqlLexer::next() {
  if (after_ == After::kName) {
    Token dot = token(TokenKind::kPunctuation, position_, position_ + 1);
    after_ = After::kNameDot;
    return dot;
  }
  if (after_ == After::kNameDot || (after_ == After::kSystemVariable && is_word_byte(position_))) {
    const bool dotted = after_ == After::kNameDot;
    Token name = word(position_);
    name.after_dot = dotted;
    return name;
  }
  if (after_ == After::kSystemVariable && at(position_) != '`') return abort(position_);
  while (position_ < text_.size()) {
    const size_t start = position_;
    const char byte = text_[start];
    const char following = at(start + 1);
    if (is_space(start)) {
      ++position_;
      continue;
    }
    const bool dashes = byte == '-' && following == '-' &&
                        (start + 2 >= text_.size() || is_space(start + 2) ||
                         absl::ascii_iscntrl(static_cast<unsigned char>(at(start + 2))));
    if (byte == '#' || dashes) {
      // Ends at a line feed or a NUL, never at a carriage return (mysql-wire 3.2).
      while (position_ < text_.size() && text_[position_] != '\n' && text_[position_] != '\0') ++position_;
    } else if (byte == '/' && following == '*') {
      if (!skip_block_comment(start)) return abort(start);
    } else if (byte == '*' && following == '/' && executable_) {
      executable_ = false;
      position_ += 2;
    } else {
      break;
    }
    if (comments_) return token(TokenKind::kComment, start, position_);
    after_comment_ = true;
  }
  const size_t start = position_;
  if (start >= text_.size()) {
    // An executable comment that is not closed is an error on the server.
    if (executable_) {
      executable_ = false;
      return abort(start);
    }
    return token(TokenKind::kEnd, start, start);
  }
  const char byte = text_[start];
  const char following = at(start + 1);
  switch (byte) {
    case '\'':
      return string(TokenKind::kString, start, start);
    case '"':
      if (!reading_.ansi_quotes) return string(TokenKind::kString, start, start);
      [[fallthrough]];
    case '`': {
      const size_t end = quoted_end(start + 1, byte, false);
      return end == kNone ? abort(start) : token(TokenKind::kQuotedIdentifier, start, end);
    }
    case 'n':
    case 'N':
      return following == '\'' ? string(TokenKind::kNationalString, start, start + 1) : word(start);
    case 'x':
    case 'X':
      return following == '\'' ? digits_string(start, true) : word(start);
    case 'b':
    case 'B':
      return following == '\'' ? digits_string(start, false) : word(start);
    case '$':
      return dollar(start);
    case '@':
      return at_sign(start);
    case ';':
      return token(TokenKind::kSemicolon, start, start + 1);
    case '.':
      if (is_digit(following)) return real(start, start + 1);
      if (following == '.' && reading_.flavour == Flavour::kMariaDb) {
        return token(TokenKind::kOperator, start, start + 2);
      }
      if (is_word_byte(start + 1)) {
        Token dot = token(TokenKind::kPunctuation, start, start + 1);
        after_ = After::kNameDot;
        return dot;
      }
      return token(TokenKind::kPunctuation, start, start + 1);
    case '(':
    case ')':
    case ',':
    case '{':
    case '}':
      return token(TokenKind::kPunctuation, start, start + 1);
    case '?':
      return token(TokenKind::kParameter, start, start + 1);
    case '\\':
      if (following == 'N' && (reading_.flavour == Flavour::kMariaDb || reading_.version <= kNullEscapeUntil)) {
        return token(TokenKind::kNull, start, start + 2);
      }
      return token(TokenKind::kOperator, start, start + 1);
    case '\0':
    case '[':
      // MariaDB with sql_mode=MSSQL reads a name up to the ']', quotes and all. Everywhere else it is a syntax error.
      return token(TokenKind::kUncertain, start, start + 1);
    default:
      break;
  }
  if (is_digit(byte)) return number(start);
  if (is_word_byte(start)) return word(start);
  if (is_high(byte)) return token(TokenKind::kUncertain, start, start + 1);
  const bool pair = (byte == ':' && following == '=') || (byte == '|' && following == '|') ||
                    (byte == '&' && following == '&') || (byte == '-' && following == '>');
  return token(TokenKind::kOperator, start, start + (pair ? 2 : 1));
}

}  // namespace schemaguard::parser::mysql
