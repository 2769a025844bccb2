#include "parser/mysql/sql_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "parser/literal_run.h"
#include "parser/mysql/statement_shape.h"
#include "parser/text_runs.h"

namespace schemaguard::parser::mysql {
namespace {

using lexical::Text;

// Below this many bytes to the end the block-wise skipping of literals costs more than it saves.
constexpr ptrdiff_t kLiteralRunBytesMin = 128;

enum class ByteKind : uint8_t {
  kOther,  // belongs to no word, begins nothing: an operator or a mark
  kSpace,
  kWord,
  kHigh,
  kDigit,
  kQuote,
  kDoubleQuote,
  kBackquote,
  kOpen,
  kDot,
  kSemicolon,
  kDash,
  kSlash,
  kHash,
  kAt,
  kColon,
  kDoubtful,  // NUL, backslash, '$', '[': the reader knows
};

constexpr std::array<ByteKind, 256> make_byte_kinds() {
  std::array<ByteKind, 256> kinds{};
  const auto mark = [&kinds](std::string_view bytes, ByteKind kind) {
    for (const char byte : bytes) kinds[static_cast<uint8_t>(byte)] = kind;
  };
  mark(" \t\n\v\f\r", ByteKind::kSpace);
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", ByteKind::kWord);
  mark("0123456789", ByteKind::kDigit);
  for (size_t byte = 0x80; byte < 0x100; ++byte) kinds[byte] = ByteKind::kHigh;
  kinds['\''] = ByteKind::kQuote;
  kinds['"'] = ByteKind::kDoubleQuote;
  kinds['`'] = ByteKind::kBackquote;
  kinds['('] = ByteKind::kOpen;
  kinds['.'] = ByteKind::kDot;
  kinds[';'] = ByteKind::kSemicolon;
  kinds['-'] = ByteKind::kDash;
  kinds['/'] = ByteKind::kSlash;
  kinds['#'] = ByteKind::kHash;
  kinds['@'] = ByteKind::kAt;
  kinds[':'] = ByteKind::kColon;
  kinds['\0'] = ByteKind::kDoubtful;
  kinds['\\'] = ByteKind::kDoubtful;
  kinds['$'] = ByteKind::kDoubtful;
  kinds['['] = ByteKind::kDoubtful;
  return kinds;
}
constexpr std::array<ByteKind, 256> kByteKinds = make_byte_kinds();

bool is_high(char byte) { return static_cast<uint8_t>(byte) >= 0x80; }
bool is_hexadecimal(char byte) {
  const char lower = static_cast<char>(byte | 0x20);
  return is_digit(byte) || (lower >= 'a' && lower <= 'f');
}

// One pass over one text under one reading. Leaves at the first thing that is not certainly harmless.
class Scan {
 public:
  Scan(std::string_view text, bool ansi_quotes, bool backslash_escapes, bool utf8)
      : text_(text), window_(text_), ansi_quotes_(ansi_quotes), backslash_escapes_(backslash_escapes), utf8_(utf8) {}

  ScanResult run() {
    const char* position = text_.begin;
    Step step = Step::kOn;
    while (position != text_.end && step == Step::kOn) {
      if (*position == ' ') {
        ++position;
      } else {
        step = token(position);
      }
    }
    if (step == Step::kUnterminated) return {ScanVerdict::kUnreadable, 0, false, "unterminated"};
    if (step == Step::kGrammar || !shape_.end_statement()) return {};
    return {ScanVerdict::kHarmless, shape_.statement_count(), shape_.transaction_control(), ""};
  }

 private:
  enum class Step : uint8_t { kOn, kGrammar, kUnterminated };

  static Step go_on(bool harmless) { return harmless ? Step::kOn : Step::kGrammar; }
  Step other() { return go_on(shape_.mark()); }
  [[nodiscard]] bool at(const char* position, char byte) const { return position != text_.end && *position == byte; }
  [[nodiscard]] bool at_word_byte(const char* position) const {
    return position != text_.end && lexical::is_word_byte(*position);
  }
  const char* digits_end(const char* position) const {
    while (position != text_.end && is_digit(*position)) ++position;
    return position;
  }

  // Reads one token, white space or comment at `position` and moves behind it.
  Step token(const char*& position) {
    const char* const start = position;
    switch (kByteKinds[static_cast<uint8_t>(*start)]) {
      case ByteKind::kSpace:
        ++position;
        return Step::kOn;
      case ByteKind::kWord:
        return word(position);
      case ByteKind::kHigh:
        return utf8_ ? word(position) : Step::kGrammar;
      case ByteKind::kDigit:
        if (try_literal_run(position)) return Step::kOn;
        return number(position);
      case ByteKind::kQuote:
        if (try_literal_run(position)) return Step::kOn;
        return string<'\''>(position, 1);
      case ByteKind::kDoubleQuote:
        return ansi_quotes_ ? quoted(position, lexical::doubled_quote_end<'"'>(text_, start + 1))
                            : string<'"'>(position, 1);
      case ByteKind::kBackquote:
        return quoted(position, window_.quoted_name_end(start + 1));
      case ByteKind::kOpen:
        ++position;
        return go_on(shape_.open());
      case ByteKind::kDot:
        return dot(position);
      case ByteKind::kSemicolon:
        ++position;
        return go_on(shape_.end_statement());
      case ByteKind::kDash:
        return dash(position);
      case ByteKind::kSlash:
        return slash(position);
      case ByteKind::kHash:
        return line_comment(position);
      case ByteKind::kAt:
        return variable(position);
      case ByteKind::kColon:
        // A single one may follow a label.
        if (!at(start + 1, '=')) return Step::kGrammar;
        position += 2;
        return other();
      case ByteKind::kDoubtful:
        return Step::kGrammar;
      case ByteKind::kOther:
        ++position;
        return other();
    }
    return Step::kGrammar;
  }

  // `prefix`: the bytes up to and with the opening quote.
  template <char kQuote>
  Step string(const char*& position, size_t prefix) {
    const char* const end = backslash_escapes_ ? lexical::backslash_quote_end<kQuote>(text_, position + prefix)
                                               : lexical::doubled_quote_end<kQuote>(text_, position + prefix);
    if (end == nullptr) return Step::kUnterminated;
    position = end;
    return other();
  }

  Step quoted(const char*& position, const char* end) {
    if (end == nullptr) return Step::kUnterminated;
    const char* const name = position + 1;
    position = end;
    return go_on(shape_.name(name, static_cast<size_t>(end - name) - 1, true));
  }

  // Numbers and strings often come in long runs.
  bool try_literal_run(const char*& position) {
    if (text_.end - position < kLiteralRunBytesMin || !shape_.may_skip_literals()) return false;
    const char* const start = position;
    const char* end = literal_run_end<LiteralSyntax::kMySql>(text_, start, backslash_escapes_);
    // The run may have ended inside a number, or between it and what belongs to it.
    while (end != start && (is_digit(end[-1]) || end[-1] == '.')) --end;
    if (end == start) return false;
    position = end;
    return true;
  }

  Step word(const char*& position) {
    const char* const start = position;
    const char* const end = window_.word_end_from(start + 1);
    const auto length = static_cast<size_t>(end - start);
    if (length == 1 && at(end, '\'')) {
      const char letter = static_cast<char>(*start | 0x20);
      if (letter == 'n') return string<'\''>(position, 2);
      if (letter == 'x') return hexadecimal_string(position);
      if (letter == 'b') return Step::kGrammar;
    }
    if (!utf8_ && std::any_of(start, end, is_high)) return Step::kGrammar;
    position = end;
    return go_on(shape_.word(text_, start, length));
  }

  Step hexadecimal_string(const char*& position) {
    const char* digit = position + 2;
    while (digit != text_.end && is_hexadecimal(*digit)) ++digit;
    if (!at(digit, '\'') || (digit - position) % 2 != 0) return Step::kGrammar;
    position = digit + 1;
    return other();
  }

  Step number(const char*& position) {
    const char* end = position;
    if (*end == '0' && at(end + 1, 'x')) {
      end += 2;
      while (end != text_.end && is_hexadecimal(*end)) ++end;
      if (end == position + 2) return Step::kGrammar;
    } else {
      end = digits_end(end);
      if (at(end, '.')) {
        if (at(end + 1, '.')) return Step::kGrammar;
        end = digits_end(end + 1);
      }
      end = exponent_end(end);
    }
    // What touches a number may make a name of it.
    if (at_word_byte(end)) return Step::kGrammar;
    position = end;
    return other();
  }

  const char* exponent_end(const char* position) const {
    if (position == text_.end || (*position | 0x20) != 'e') return position;
    const char* digits = position + 1;
    if (at(digits, '+') || at(digits, '-')) ++digits;
    const char* const end = digits_end(digits);
    return end == digits ? position : end;
  }

  Step dot(const char*& position) {
    const char* const behind = position + 1;
    if (behind == text_.end) return Step::kGrammar;
    if (is_digit(*behind)) {
      // x.1 is a name in two parts.
      if (position != text_.begin && lexical::is_word_byte(position[-1])) return Step::kGrammar;
      const char* const end = exponent_end(digits_end(behind));
      if (at_word_byte(end)) return Step::kGrammar;
      position = end;
      return other();
    }
    const ByteKind kind = kByteKinds[static_cast<uint8_t>(*behind)];
    const bool name_follows = kind == ByteKind::kWord || kind == ByteKind::kHigh || kind == ByteKind::kBackquote ||
                              (kind == ByteKind::kDoubleQuote && ansi_quotes_);
    if (!name_follows && *behind != '*') return Step::kGrammar;
    if (!shape_.dot()) return Step::kGrammar;
    position = behind;
    if (kind != ByteKind::kWord && kind != ByteKind::kHigh) return Step::kOn;
    // Whatever the word is, behind the '.' it is a name.
    const char* const end = window_.word_end_from(behind + 1);
    if (!utf8_ && std::any_of(behind, end, is_high)) return Step::kGrammar;
    position = end;
    return go_on(shape_.name(behind, static_cast<size_t>(end - behind), false));
  }

  Step dash(const char*& position) {
    const char* const third = position + 2;
    if (at(position + 1, '-')) {
      const auto byte = third == text_.end ? uint8_t{' '} : static_cast<uint8_t>(*third);
      if (byte <= ' ' || byte == 0x7F) return line_comment(position);
      if (byte == 0xA0) return Step::kGrammar;  // white space in some character sets
    }
    ++position;
    return other();
  }

  // Ends at a line feed, or at a NUL, which is for the reader.
  Step line_comment(const char*& position) {
    position = lexical::skip_while<lexical::NotAnyOf<'\n', '\0'>>(text_, position);
    return Step::kOn;
  }

  Step slash(const char*& position) {
    const char* inside = position + 2;
    if (!at(position + 1, '*')) {
      ++position;
      return other();
    }
    // Executable comments and optimizer hints.
    if (at(inside, '!') || at(inside, '+') || (at(inside, 'M') && at(inside + 1, '!'))) return Step::kGrammar;
    while (true) {
      inside = lexical::skip_while<lexical::NotAnyOf<'*'>>(text_, inside);
      if (text_.end - inside < 2) return Step::kUnterminated;
      ++inside;
      if (*inside == '/') break;
    }
    position = inside + 1;
    return Step::kOn;
  }

  // @name, and @@name, which to the reader holds a name.
  Step variable(const char*& position) {
    const char* end = position + 1;
    const bool system = at(end, '@');
    if (system && !at_word_byte(++end)) return Step::kGrammar;
    while (end != text_.end && (lexical::is_word_byte(*end) || *end == '.')) ++end;
    if (!utf8_ && std::any_of(position, end, is_high)) return Step::kGrammar;
    const char* const start = position;
    position = end;
    if (!shape_.mark()) return Step::kGrammar;
    return system ? go_on(shape_.name(start, 2, true)) : Step::kOn;
  }

  Text text_;
  lexical::Window<'`'> window_;
  bool ansi_quotes_;
  bool backslash_escapes_;
  bool utf8_;
  StatementShape shape_;
};

bool holds(std::string_view text, char byte) { return std::memchr(text.data(), byte, text.size()) != nullptr; }

}  // namespace

ScanResult scan_sql(std::string_view text, const ReadingState& state) {
  if (text.empty()) return {ScanVerdict::kHarmless, 0, false, ""};
  // Where the reading is not certain and makes a difference, the reader lists all of them.
  if (state.ansi_quotes == Certainty::kUnknown && holds(text, '"')) return {};
  if (state.no_backslash_escapes == Certainty::kUnknown && holds(text, '\\')) return {};
  switch (state.character_set) {
    case CharacterSet::kUtf8:
    case CharacterSet::kLatin1:
    case CharacterSet::kSafe:
      break;
    case CharacterSet::kUnsafe:
    case CharacterSet::kUnknown:
      if (std::any_of(text.begin(), text.end(), is_high)) return {};
      break;
  }
  return Scan(text, state.ansi_quotes == Certainty::kYes, state.no_backslash_escapes != Certainty::kYes,
              state.character_set == CharacterSet::kUtf8)
      .run();
}

}  // namespace schemaguard::parser::mysql
