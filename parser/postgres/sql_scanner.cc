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
  // `high_bytes`: the text holds bytes from 0x80 up.
  Scan(std::string_view text, bool conforming, bool high_bytes)
      : whole_(text),
        text_(text),
        window_(text_),
        conforming_(conforming),
        shape_(high_bytes && text.find('\xDD') != std::string_view::npos) {}

  ScanResult run() {
    // The position stays in a register: every step that is not inlined takes it by value and gives the next one back.
    const char* position = text_.begin;
    while (position != text_.end) {
      if (*position == ' ') {
        ++position;
        continue;
      }
      const char* const next = token(position);
      if (next == nullptr) return stopped(position);
      position = next;
    }
    return {ScanVerdict::kHarmless, shape_.statement_count(), shape_.transaction_control(), ""};
  }

 private:
  enum class Stop : uint8_t { kGrammar, kUnterminated, kStringCommentString };

  [[nodiscard]] ScanResult unreadable(const char* reason) const {
    return {ScanVerdict::kUnreadable, shape_.statement_count(), false, reason};
  }

  [[gnu::noinline]] [[nodiscard]] ScanResult stopped(const char* position) {
    switch (stop_) {
      case Stop::kGrammar:
        return count_rest(position);
      case Stop::kUnterminated:
        return unreadable(kReasonUnterminated);
      case Stop::kStringCommentString:
        return unreadable(kReasonStringCommentString);
    }
    return unreadable("");
  }

  // What every step below answers: the position behind what it has read, or nullptr, and then `stop_` says why.
  static const char* go_on(bool harmless, const char* position) { return harmless ? position : nullptr; }
  const char* stop(Stop why) {
    stop_ = why;
    return nullptr;
  }
  [[gnu::always_inline]] const char* other(const char* position) {
    return go_on(shape_.mark(Word::kOtherMark), position);
  }

  // Reads one token, white space or comment.
  [[gnu::always_inline]] const char* token(const char* position) {
    switch (kByteKinds[static_cast<uint8_t>(*position)]) {
      case ByteKind::kSpace:
        return position + 1;
      case ByteKind::kWord:
        return word(position);
      case ByteKind::kDigit:
        return number(position);
      case ByteKind::kQuote:
        return string(position);
      case ByteKind::kDoubleQuote:
        return quoted_names(position);
      case ByteKind::kOpen:
        return go_on(shape_.open(), position + 1);
      case ByteKind::kClose:
        return go_on(shape_.close(), position + 1);
      case ByteKind::kComma:
        return go_on(shape_.mark(Word::kCommaMark), position + 1);
      case ByteKind::kDot:
        return dot(position);
      case ByteKind::kSemicolon:
        shape_.end_statement();
        return position + 1;
      case ByteKind::kDollar:
        return dollar(position);
      case ByteKind::kDash:
        if (text_.end - position >= 2 && position[1] == '-') {
          return comment(lexical::line_comment_end(text_, position + 2));
        }
        return other(position + 1);
      case ByteKind::kSlash:
        if (text_.end - position >= 2 && position[1] == '*') {
          return comment(lexical::block_comment_end(text_, position + 2));
        }
        return other(position + 1);
      case ByteKind::kOther:
        return other(position + 1);
    }
    return stop(Stop::kGrammar);
  }

  const char* comment(const char* end) {
    if (end == nullptr) return stop(Stop::kUnterminated);
    shape_.comment();
    return end;
  }

  [[gnu::noinline]] const char* constant(const char* position, size_t prefix, lexical::Quoting quoting) {
    if (prefix == 1 && shape_.previous() == Word::kStringCommentMark) return stop(Stop::kStringCommentString);
    const lexical::ConstantEnd end = lexical::constant_end(text_, position + prefix, quoting);
    if (end.position == nullptr) return stop(Stop::kUnterminated);
    if (end.over_comment) return stop(Stop::kStringCommentString);
    return go_on(shape_.mark(Word::kStringMark), end.position);
  }

  [[gnu::noinline]] const char* string(const char* position) {
    if (const char* const end = literal_run(position); end != position) return end;
    return constant(position, 1, conforming_ ? lexical::Quoting::kDoubled : lexical::Quoting::kBackslash);
  }

  [[gnu::noinline]] const char* number(const char* position) {
    if (const char* const end = literal_run(position); end != position) return end;
    return other(lexical::number_end(text_, position));
  }

  // Numbers and strings behind ',' or '(' often come in long runs. `position` itself: this is none.
  const char* literal_run(const char* position) {
    if (text_.end - position < kLiteralRunBytesMin || !shape_.may_skip_literals()) return position;
    const char* end = literal_run_end<LiteralSyntax::kPostgres>(text_, position, !conforming_);
    if (end == position) return position;
    if (lexical::is(end[-1], lexical::kDigitByte)) {
      // The run may have ended inside a number: before its exponent, its '.', or what else belongs to it.
      const char* digits = end;
      while (digits != position && lexical::is(digits[-1], lexical::kDigitByte)) --digits;
      if (digits != position && digits[-1] == '.') {
        end = lexical::exponent_end(text_, lexical::digits_end(text_, end));
      } else {
        end = digits;
      }
      if (end == position) return position;
    }
    const char* last = end - 1;
    while (last != position && lexical::is(*last, lexical::kSpaceByte)) --last;
    Word mark = Word::kOtherMark;
    if (*last == ',') mark = Word::kCommaMark;
    if (*last == '(') mark = Word::kOpenMark;
    if (*last == ')') mark = Word::kCloseMark;
    if (*last == '\'') mark = Word::kStringMark;
    shape_.skip_literals(mark);
    return end;
  }

  [[gnu::always_inline]] const char* dot(const char* position) {
    if (text_.end - position >= 2) {
      if (position[1] == '.') return other(position + 2);
      if (lexical::is(position[1], lexical::kDigitByte)) return other(lexical::number_end(text_, position));
    }
    return go_on(shape_.dot(), position + 1);
  }

  [[gnu::noinline]] const char* dollar(const char* position) {
    if (text_.end - position >= 2 && lexical::is(position[1], lexical::kDigitByte)) {
      position += 2;
      while (position != text_.end && lexical::is(*position, lexical::kDigitByte)) ++position;
      return other(position);
    }
    if (const size_t delimiter = lexical::dollar_delimiter_length(text_, position); delimiter != 0) {
      const char* const end = lexical::dollar_string_end(text_, position, delimiter);
      return end == nullptr ? stop(Stop::kUnterminated) : other(end);
    }
    return other(position + 1);
  }

  // One quoted name, or several with dots between them as mappers write them.
  [[gnu::always_inline]] const char* quoted_names(const char* position) {
    const char* end = window_.quoted_name_end(position + 1);
    if (end == nullptr) return stop(Stop::kUnterminated);
    if (!shape_.quoted_name(text_, position + 1, static_cast<size_t>(end - position) - 2)) return nullptr;
    while (text_.end - end >= 2 && end[0] == '.' && end[1] == '"') {
      const char* const start = end + 2;
      end = window_.quoted_name_end(start);
      if (end == nullptr) return stop(Stop::kUnterminated);
      if (!shape_.quoted_part(text_, start, static_cast<size_t>(end - start) - 1)) return nullptr;
    }
    return end;
  }

  [[gnu::always_inline]] const char* word(const char* position) {
    const char* const end = window_.word_end_from(position + 1);
    const auto length = static_cast<size_t>(end - position);
    if (length == 1 && end != text_.end && (*end == '\'' || *end == '&')) [[unlikely]] {
      if (const char* const behind = prefixed_constant(position, end); behind != position) return behind;
    }
    return go_on(shape_.word(text_, position, length), end);
  }

  // E'…', B'…', X'…' and U&'…'; `position` itself: this is none of them.
  [[gnu::noinline]] const char* prefixed_constant(const char* position, const char* end) {
    switch (*position | 0x20) {
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
          if (end[1] == '"') return stop(Stop::kGrammar);
        }
        break;
      default:
        break;
    }
    return position;
  }

  // The rest of a text that the grammar has to judge: exact count, and nothing unreadable in it.
  ScanResult count_rest(const char* position) {
    // The token here may begin a statement, or belong to one that has been counted.
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
  Stop stop_ = Stop::kGrammar;
  StatementShape shape_;
};

// What kinds of bytes a text holds, found in one pass.
struct BytesHeld {
  bool nul = false;
  bool high = false;  // from 0x80 up
};

BytesHeld bytes_held(std::string_view text) {
  BytesHeld held;
#if defined(__SSE2__)
  if (text.size() >= 16) {
    const __m128i zero = _mm_setzero_si128();
    __m128i smallest = _mm_set1_epi8(1);
    __m128i all = zero;
    const auto look = [&](const char* position) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(position));
      smallest = _mm_min_epu8(smallest, block);
      all = _mm_or_si128(all, block);
    };
    const char* const last = text.data() + text.size() - 16;
    for (const char* position = text.data(); position < last; position += 16) look(position);
    look(last);
    held.nul = _mm_movemask_epi8(_mm_cmpeq_epi8(smallest, zero)) != 0;
    held.high = _mm_movemask_epi8(all) != 0;
    return held;
  }
#endif
  for (const char byte : text) {
    held.nul = held.nul || byte == 0;
    held.high = held.high || static_cast<uint8_t>(byte) >= 0x80;
  }
  return held;
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
  const BytesHeld held = bytes_held(text);
  if (held.nul) return {ScanVerdict::kUnreadable, 0, false, kReasonNul};
  if (held.high && reading.ascii_safe_encoding != Certainty::kYes) {
    return {ScanVerdict::kUnreadable, 0, false, kReasonEncoding};
  }
  switch (reading.standard_conforming_strings) {
    case Certainty::kYes:
      return Scan(text, true, held.high).run();
    case Certainty::kNo:
      return Scan(text, false, held.high).run();
    case Certainty::kUnknown:
      break;
  }
  const ScanResult on = Scan(text, true, held.high).run();
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) return on;
  return stricter(on, Scan(text, false, held.high).run());
}

}  // namespace schemaguard::parser::postgres
