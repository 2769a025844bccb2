#include "parser/postgres/sql_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "parser/literal_run.h"
#include "parser/postgres/lexical_rules.h"
#include "parser/postgres/sql_lexer.h"
#include "parser/postgres/statement_shape.h"

namespace schemaguard::parser::postgres {
namespace {

using lexical::Text;

// Below this many bytes to the end the block-wise skipping of literals costs more than it saves.
constexpr ptrdiff_t kLiteralRunBytesMin = 128;

constexpr const char* kReasonNul = "nul_byte";
constexpr const char* kReasonEncoding = "unsafe_encoding";
constexpr const char* kReasonStringCommentString = "string_comment_string";
constexpr const char* kReasonUnterminated = "unterminated";

enum class ByteKind : uint8_t {
  kOther,
  kSpace,
  kWord,
  kDigit,
  kQuote,
  kDoubleQuote,
  kOpen,
  kClose,
  kComma,
  kDot,
  kSemicolon,
  kDollar,
  kDash,
  kSlash,
};

constexpr std::array<ByteKind, 256> make_byte_kinds() {
  std::array<ByteKind, 256> kinds{};
  for (size_t byte = 0; byte < 256; ++byte) {
    const uint8_t classes = lexical::kByteClasses[byte];
    if ((classes & lexical::kSpaceByte) != 0) kinds[byte] = ByteKind::kSpace;
    if ((classes & lexical::kWordStartByte) != 0) kinds[byte] = ByteKind::kWord;
    if ((classes & lexical::kDigitByte) != 0) kinds[byte] = ByteKind::kDigit;
  }
  kinds['\''] = ByteKind::kQuote;
  kinds['"'] = ByteKind::kDoubleQuote;
  kinds['('] = ByteKind::kOpen;
  kinds[')'] = ByteKind::kClose;
  kinds[','] = ByteKind::kComma;
  kinds['.'] = ByteKind::kDot;
  kinds[';'] = ByteKind::kSemicolon;
  kinds['$'] = ByteKind::kDollar;
  kinds['-'] = ByteKind::kDash;
  kinds['/'] = ByteKind::kSlash;
  return kinds;
}
constexpr std::array<ByteKind, 256> kByteKinds = make_byte_kinds();

// One pass over one text under one reading of backslashes. Leaves the fast path at the first thing that is not
// certainly harmless, and from there only counts statements.
class Scan {
 public:
  Scan(std::string_view text, bool conforming)
      : whole_(text),
        text_(text),
        window_(text_),
        conforming_(conforming),
        shape_(text.find('\xDD') != std::string_view::npos) {}

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
    switch (step) {
      case Step::kOn:
        return {ScanVerdict::kHarmless, shape_.statement_count(), shape_.transaction_control(), ""};
      case Step::kGrammar:
        return count_rest(position);
      case Step::kUnterminated:
        return unreadable(kReasonUnterminated);
      case Step::kStringCommentString:
        return unreadable(kReasonStringCommentString);
    }
    return unreadable("");
  }

 private:
  enum class Step : uint8_t { kOn, kGrammar, kUnterminated, kStringCommentString };

  [[nodiscard]] ScanResult unreadable(const char* reason) const {
    return {ScanVerdict::kUnreadable, shape_.statement_count(), false, reason};
  }

  // Reads one token, white space or comment at `position` and moves behind it. On kGrammar `position` may also still
  // be where the token starts.
  Step token(const char*& position) {
    const char byte = *position;
    switch (kByteKinds[static_cast<uint8_t>(byte)]) {
      case ByteKind::kSpace:
        ++position;
        return Step::kOn;
      case ByteKind::kWord:
        return word(position);
      case ByteKind::kDigit:
        if (try_literal_run(position)) return Step::kOn;
        position = lexical::number_end(text_, position);
        return other();
      case ByteKind::kQuote:
        if (try_literal_run(position)) return Step::kOn;
        return constant(position, 1, conforming_ ? lexical::Quoting::kDoubled : lexical::Quoting::kBackslash);
      case ByteKind::kDoubleQuote:
        return quoted_name(position);
      case ByteKind::kOpen:
        if (!shape_.open()) return Step::kGrammar;
        ++position;
        return Step::kOn;
      case ByteKind::kClose:
        ++position;
        return go_on(shape_.close());
      case ByteKind::kComma:
        ++position;
        return go_on(shape_.mark(Word::kCommaMark));
      case ByteKind::kDot:
        return dot(position);
      case ByteKind::kSemicolon:
        ++position;
        shape_.end_statement();
        return Step::kOn;
      case ByteKind::kDollar:
        return dollar(position);
      case ByteKind::kDash:
        if (text_.end - position >= 2 && position[1] == '-') {
          return comment(position, lexical::line_comment_end(text_, position + 2));
        }
        ++position;
        return other();
      case ByteKind::kSlash:
        if (text_.end - position >= 2 && position[1] == '*') {
          return comment(position, lexical::block_comment_end(text_, position + 2));
        }
        ++position;
        return other();
      case ByteKind::kOther:
        ++position;
        return other();
    }
    return Step::kGrammar;
  }

  static Step go_on(bool harmless) { return harmless ? Step::kOn : Step::kGrammar; }
  Step other() { return go_on(shape_.mark(Word::kOtherMark)); }

  Step comment(const char*& position, const char* end) {
    if (end == nullptr) return Step::kUnterminated;
    position = end;
    shape_.comment();
    return Step::kOn;
  }

  Step constant(const char*& position, size_t prefix, lexical::Quoting quoting) {
    if (prefix == 1 && shape_.previous() == Word::kStringCommentMark) return Step::kStringCommentString;
    const lexical::ConstantEnd end = lexical::constant_end(text_, position + prefix, quoting);
    if (end.position == nullptr) return Step::kUnterminated;
    if (end.over_comment) return Step::kStringCommentString;
    position = end.position;
    return go_on(shape_.mark(Word::kStringMark));
  }

  // Numbers and strings behind ',' or '(' often come in long runs.
  bool try_literal_run(const char*& position) {
    if (text_.end - position < kLiteralRunBytesMin || !shape_.may_skip_literals()) return false;
    const char* const start = position;
    const char* end = literal_run_end<LiteralSyntax::kPostgres>(text_, position, !conforming_);
    if (end == start) return false;
    if (lexical::is(end[-1], lexical::kDigitByte)) {
      // The run may have ended inside a number: before its exponent, its '.', or what else belongs to it.
      const char* digits = end;
      while (digits != start && lexical::is(digits[-1], lexical::kDigitByte)) --digits;
      if (digits != start && digits[-1] == '.') {
        end = lexical::exponent_end(text_, lexical::digits_end(text_, end));
      } else {
        end = digits;
      }
      if (end == start) return false;
    }
    const char* last = end - 1;
    while (last != start && lexical::is(*last, lexical::kSpaceByte)) --last;
    Word mark = Word::kOtherMark;
    if (*last == ',') mark = Word::kCommaMark;
    if (*last == '(') mark = Word::kOpenMark;
    if (*last == ')') mark = Word::kCloseMark;
    if (*last == '\'') mark = Word::kStringMark;
    position = end;
    shape_.skip_literals(mark);
    return true;
  }

  Step dot(const char*& position) {
    if (text_.end - position >= 2) {
      if (position[1] == '.') {
        position += 2;
        return other();
      }
      if (lexical::is(position[1], lexical::kDigitByte)) {
        position = lexical::number_end(text_, position);
        return other();
      }
    }
    ++position;
    return go_on(shape_.dot());
  }

  Step dollar(const char*& position) {
    if (text_.end - position >= 2 && lexical::is(position[1], lexical::kDigitByte)) {
      position += 2;
      while (position != text_.end && lexical::is(*position, lexical::kDigitByte)) ++position;
      return other();
    }
    if (const size_t delimiter = lexical::dollar_delimiter_length(text_, position); delimiter != 0) {
      const char* const end = lexical::dollar_string_end(text_, position, delimiter);
      if (end == nullptr) return Step::kUnterminated;
      position = end;
      return other();
    }
    ++position;
    return other();
  }

  Step quoted_name(const char*& position) {
    const char* const end = window_.quoted_name_end(position + 1);
    if (end == nullptr) return Step::kUnterminated;
    if (!shape_.quoted_name(text_, position + 1, static_cast<size_t>(end - position) - 2)) return Step::kGrammar;
    position = end;
    return Step::kOn;
  }

  Step word(const char*& position) {
    const char* const start = position;
    const char* const end = window_.word_end_from(start + 1);
    const auto length = static_cast<size_t>(end - start);
    if (length == 1 && end != text_.end && (*end == '\'' || *end == '&')) {
      switch (*start | 0x20) {
        case 'e':
          if (*end == '\'') return constant(position, 2, lexical::Quoting::kBackslash);
          break;
        case 'b':
        case 'x':
          if (*end == '\'') return constant(position, 2, lexical::Quoting::kBare);
          break;
        case 'u':
          if (*end == '&' && text_.end - end >= 2) {
            if (end[1] == '\'') return constant(position, 3, lexical::Quoting::kDoubled);
            if (end[1] == '"') return Step::kGrammar;
          }
          break;
        default:
          break;
      }
    }
    if (!shape_.word(text_, start, length)) return Step::kGrammar;
    position = end;
    return Step::kOn;
  }

  // The rest of a text that the grammar has to judge: exact count, and nothing unreadable in it.
  ScanResult count_rest(const char* position) {
    // The token here may begin a statement, or `position` may already stand behind it.
    shape_.count_statement();
    ScanResult result{ScanVerdict::kNeedsGrammar, shape_.statement_count(), false, ""};
    SqlLexer lexer(whole_, {.standard_conforming_strings = conforming_});
    lexer.seek(static_cast<size_t>(position - text_.begin));
    bool in_statement = true;
    bool constant_before = shape_.previous() == Word::kStringMark || shape_.previous() == Word::kStringCommentMark;
    bool comment_before = shape_.previous() == Word::kStringCommentMark;
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
      if (token.kind == TokenKind::kUnterminated) return unreadable(kReasonUnterminated);
      if (token.joined_over_comment ||
          (constant_before && (comment_before || token.after_comment) && token.kind == TokenKind::kString)) {
        return unreadable(kReasonStringCommentString);
      }
      constant_before = token.is_quoted_constant();
      comment_before = false;
      if (token.kind == TokenKind::kSemicolon) {
        in_statement = false;
      } else if (!in_statement) {
        in_statement = true;
        ++result.statement_count;
      }
    }
    return result;
  }

  std::string_view whole_;
  Text text_;
  lexical::Window window_;
  bool conforming_;
  StatementShape shape_;
};

bool holds_high_byte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char byte) { return static_cast<uint8_t>(byte) >= 0x80; });
}

// The stricter of the two readings of one text.
ScanResult stricter(const ScanResult& on, const ScanResult& off) {
  // A reading under which the server rejects the text cannot do harm; the other one decides.
  const auto rejected = [](const ScanResult& result) { return std::string_view(result.reason) == kReasonUnterminated; };
  if (rejected(on) && !rejected(off)) return off;
  if (rejected(off) && !rejected(on)) return on;
  ScanResult result = off.verdict > on.verdict ? off : on;
  result.statement_count = std::max(on.statement_count, off.statement_count);
  result.has_transaction_control =
      result.verdict == ScanVerdict::kHarmless && (on.has_transaction_control || off.has_transaction_control);
  return result;
}

}  // namespace

ScanResult scan_sql(std::string_view text, Reading reading) {
  if (text.empty()) return {ScanVerdict::kHarmless, 0, false, ""};
  if (std::memchr(text.data(), 0, text.size()) != nullptr) return {ScanVerdict::kUnreadable, 0, false, kReasonNul};
  if (reading.ascii_safe_encoding != Certainty::kYes && holds_high_byte(text)) {
    return {ScanVerdict::kUnreadable, 0, false, kReasonEncoding};
  }
  switch (reading.standard_conforming_strings) {
    case Certainty::kYes:
      return Scan(text, true).run();
    case Certainty::kNo:
      return Scan(text, false).run();
    case Certainty::kUnknown:
      break;
  }
  const ScanResult on = Scan(text, true).run();
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) return on;
  return stricter(on, Scan(text, false).run());
}

}  // namespace schemaguard::parser::postgres
