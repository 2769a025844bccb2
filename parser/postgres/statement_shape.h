// StatementShape: what a statement can be, judged from its words and parentheses alone.
//
// The heart of SqlScanner: it is told every token of a statement and answers, token by token, whether the statement
// is still certainly harmless in the sense of sql_scanner.h. It knows just enough of the grammar to keep everyday
// statements on the fast path (where INTO names a target, which '(' calls a function); whatever it does not know, the
// full grammar must judge. Positions in the text stay valid as long as the text. Internal to parser/postgres.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "parser/postgres/function_catalog.h"
#include "parser/postgres/lexical_rules.h"
#include "parser/postgres/plain_functions.h"
#include "parser/postgres/scan_words.h"
#include "parser/postgres/sql_lexer.h"

namespace schemaguard::parser::postgres {

namespace statement_shape {

// The longest name the server keeps; longer ones are clipped there, so a look-up here would see another name.
inline constexpr size_t kNameBytesMax = 63;

// What a word does where it stands, apart from being remembered.
inline constexpr uint8_t kFirstQuery = 1;        // may begin a statement, also in parentheses
inline constexpr uint8_t kFirst = 2;             // may begin a statement
inline constexpr uint8_t kFirstTransaction = 4;  // the same, and it is transaction control
inline constexpr uint8_t kAttention = 8;         // see StatementShape::notice_word
inline constexpr uint8_t kCallSafe = 16;         // no function can have this name: '(' behind it calls nothing
inline constexpr uint8_t kBeforeTarget = 32;     // a name behind it is what a statement changes
inline constexpr uint8_t kBeforeColumns = 64;    // '(' behind a name behind it lists columns or a type's modifiers

// Of all values of a byte, so that no look-up needs a check.
constexpr std::array<uint8_t, 256> make_word_traits() {
  std::array<uint8_t, 256> traits{};
  const auto mark = [&traits](std::initializer_list<Word> words, uint8_t trait) {
    for (const Word word : words) traits[static_cast<size_t>(word)] |= trait;
  };
  mark({Word::kSelect, Word::kValues, Word::kTable, Word::kWith}, kFirstQuery);
  mark({Word::kInsert, Word::kUpdate, Word::kDelete, Word::kMerge, Word::kFetch, Word::kMove, Word::kClose,
        Word::kListen, Word::kUnlisten, Word::kNotify, Word::kShow},
       kFirst);
  mark({Word::kBegin, Word::kStart, Word::kCommit, Word::kEnd, Word::kRollback, Word::kAbort, Word::kSavepoint,
        Word::kRelease},
       kFirstTransaction);
  mark({Word::kSelect, Word::kValues, Word::kTable, Word::kWith, Word::kInsert, Word::kUpdate, Word::kDelete,
        Word::kMerge, Word::kInto, Word::kFrom, Word::kPrepared, Word::kTreat, Word::kJoin, Word::kOn, Word::kXmltable},
       kAttention);
  mark({Word::kReserved, Word::kCharacter, Word::kSelect, Word::kValues, Word::kTable, Word::kWith, Word::kFetch,
        Word::kEnd, Word::kInto, Word::kFrom, Word::kAs, Word::kNot, Word::kOn, Word::kOrder, Word::kGroup,
        Word::kDistinct, Word::kThen, Word::kXmltable},
       kCallSafe);
  mark({Word::kUpdate, Word::kInto, Word::kOnly, Word::kDeleteFrom}, kBeforeTarget);
  // INSERT INTO t (…), AS t (…), WITH t (…). No expression can follow these words.
  mark({Word::kInto, Word::kAs, Word::kWith, Word::kRecursive}, kBeforeColumns);
  // Marks before '(' that are no names at all.
  mark({Word::kStartMark, Word::kOpenMark, Word::kCloseMark, Word::kCommaMark, Word::kStringMark,
        Word::kStringCommentMark, Word::kOtherMark, Word::kDeleteFrom},
       kCallSafe);
  return traits;
}
inline constexpr std::array<uint8_t, 256> kWordTraits = make_word_traits();

inline bool has_trait(Word word, uint8_t trait) { return (kWordTraits[static_cast<uint8_t>(word)] & trait) != 0; }

inline constexpr uint32_t kUnknownChain = 8;
inline constexpr uint64_t kSystemPrefix = fold_word("pg_").head;

// One bit for every pair of first letters that a risky name in column notation can have: a first look that turns
// nearly all column names away.
constexpr std::array<uint32_t, 32> make_column_notation_pairs() {
  std::array<uint32_t, 32> pairs{};
  for (const std::string_view start : kColumnNotationStarts) {
    pairs[static_cast<size_t>(start[0]) & 31] |= uint32_t{1} << (static_cast<size_t>(start[1]) & 31);
  }
  return pairs;
}
inline constexpr std::array<uint32_t, 32> kColumnNotationPairs = make_column_notation_pairs();

inline bool may_be_column_notation(const char* name, size_t length) {
  if (length < 6) return false;
  return ((kColumnNotationPairs[static_cast<uint8_t>(name[0]) & 31] >> (static_cast<uint8_t>(name[1]) & 31)) & 1) != 0;
}
struct FoldedStart {
  uint64_t head = 0;
  uint64_t mask = 0;
};
constexpr std::array<FoldedStart, std::size(kColumnNotationStarts)> fold_column_notation_starts() {
  std::array<FoldedStart, std::size(kColumnNotationStarts)> folded{};
  for (size_t i = 0; i < folded.size(); ++i) {
    folded[i] = {fold_word(kColumnNotationStarts[i]).head, low_bytes(kColumnNotationStarts[i].size())};
  }
  return folded;
}
inline constexpr auto kColumnNotationHeads = fold_column_notation_starts();

}  // namespace statement_shape

// The small members are forced into the scanner's loop: a call a token would be a third of the whole cost.
class StatementShape {
 public:
  // `holds_dotted_i`: the text holds the byte 0xDD somewhere. In the Turkish single-byte encodings that is an I with
  // a dot, which the server folds to 'i', so an unquoted name with it is not what it seems.
  explicit StatementShape(bool holds_dotted_i) : holds_dotted_i_(holds_dotted_i) {}

  // Every answer of these is "still harmless"; after the first false the object must not be asked again, only counted.

  // A word that stands at `start`, not quoted.
  [[gnu::always_inline]] bool word(lexical::Text text, const char* start, size_t length) {
    using namespace statement_shape;
    const Word last = previous();
    if (!may_be_word(*start, length) || last == Word::kDotMark) {
      if (first_) [[unlikely]]
        return start_oddly();
      return take_name(text, {start, static_cast<uint32_t>(length), false});
    }
    Word found = find_word(fold_name(text, start, length));
    if (first_) [[unlikely]] {
      if (!take_first_word(found)) return false;
    } else if (found == Word::kName) {
      return take_name(text, {start, static_cast<uint32_t>(length), false});
    }
    if (has_trait(found, kAttention) && !notice_word(found)) return false;
    first_ = false;
    start_chain({start, static_cast<uint32_t>(length), false}, last);
    remember(found);
    return true;
  }

  // A quoted name: the bytes between the quotes.
  [[gnu::always_inline]] bool quoted_name(lexical::Text text, const char* start, size_t length) {
    if (first_) [[unlikely]]
      return start_oddly();
    return take_name(text, {start, static_cast<uint32_t>(length), true});
  }

  // '.' and a quoted name directly behind a quoted name: the same as dot() and quoted_name().
  [[gnu::always_inline]] bool quoted_part(lexical::Text text, const char* start, size_t length) {
    latest_ ^= 1;
    remember(Word::kDotMark);
    return take_part(text, {start, static_cast<uint32_t>(length), true});
  }

  // Anything else that may stand inside a statement but cannot begin one.
  [[gnu::always_inline]] bool mark(Word word) {
    if (first_) return start_oddly();
    remember(word);
    return true;
  }

  [[gnu::always_inline]] bool open() {
    using namespace statement_shape;
    if (first_) {
      count_statement();
      in_parentheses_ = true;
    } else if (!has_trait(previous(), kCallSafe) && !opens_without_call()) {
      return false;
    }
    ++depth_;
    remember(Word::kOpenMark);
    return true;
  }

  [[gnu::always_inline]] bool close() {
    --depth_;
    return mark(Word::kCloseMark);
  }

  // A '.' that belongs to no number.
  [[gnu::always_inline]] bool dot() {
    // Only a name can be qualified: a chain that starts with anything else counts as too long to be looked up.
    if (statement_shape::has_trait(previous(), statement_shape::kCallSafe)) {
      chain_length_ = statement_shape::kUnknownChain;
    }
    latest_ ^= 1;
    return mark(Word::kDotMark);
  }

  void comment() {
    if (previous() == Word::kStringMark) remember(Word::kStringCommentMark);
  }

  // Literals, commas and parentheses were skipped; `last` is the mark of the last of them.
  void skip_literals(Word last) {
    remember(Word::kOtherMark);
    remember(last);
  }
  // Whether such a run may be skipped here: behind ',' or '(', where nobody counts parentheses.
  [[nodiscard]] bool may_skip_literals() const {
    return (previous() == Word::kCommaMark || previous() == Word::kOpenMark) && !with_open_ && !first_;
  }

  // Counts the statement when that has not been done yet.
  void count_statement() {
    count_ += in_statement_ ? 0 : 1;
    in_statement_ = true;
  }

  void end_statement() {
    history_ = 0;
    first_ = true;
    in_parentheses_ = false;
    in_statement_ = false;
    with_open_ = false;
    odd_parentheses_ = false;
    joins_ = false;
    inserts_ = false;
    depth_ = 0;
  }

  [[nodiscard]] Word previous() const { return static_cast<Word>(history_ & 0xFF); }
  [[nodiscard]] uint32_t statement_count() const { return count_; }
  [[nodiscard]] bool transaction_control() const { return transaction_; }

 private:
  struct Name {
    const char* start = nullptr;
    uint32_t length = 0;  // a text is shorter than 1 GiB
    bool quoted = false;

    [[nodiscard]] std::string_view text() const { return {start, length}; }
  };

  [[nodiscard]] Word before_previous() const { return static_cast<Word>((history_ >> 8) & 0xFF); }
  [[nodiscard]] Word third_last() const { return static_cast<Word>((history_ >> 16) & 0xFF); }
  void remember(Word word) { history_ = (history_ << 8) | static_cast<uint32_t>(word); }

  // A statement that begins with something else than a word: the server rejects it, the grammar may say so.
  bool start_oddly() {
    count_statement();
    return false;
  }

  // Whether the '(' behind a name or an unreserved word is certainly no call, or a call of a plain built-in.
  [[gnu::noinline]] [[nodiscard]] bool opens_without_call() const {
    if (names_columns()) return true;
    const bool behind_operand = before_previous() == Word::kCloseMark && !odd_parentheses_;
    const bool behind_name = before_previous() == Word::kName && !odd_parentheses_;
    const Word before = before_previous();
    const Word last = previous();
    if (last == Word::kOver || last == Word::kFilter) return behind_operand;
    if (last == Word::kBy) return before == Word::kOrder || before == Word::kGroup || before == Word::kPartition;
    if (last == Word::kConflict) return before == Word::kOn && inserts_ && !joins_;
    if (last == Word::kMaterialized) {
      return before == Word::kAs || (before == Word::kNot && third_last() == Word::kAs);
    }
    if (last == Word::kJoin) return behind_operand || behind_name || before == Word::kJoinSide;
    if (last == Word::kSet) return behind_name || before == Word::kUpdate;
    if (last == Word::kVarying) return before == Word::kCharacter;
    // Any other unreserved word may be a function's name; left and right are built-in ones.
    return calls_plain_function();
  }

  [[gnu::noinline]] [[nodiscard]] bool calls_plain_function() const {
    const Name& latest = names_[latest_ & 1];
    if (previous() == Word::kDotMark || chain_length_ > 2 ||
        (chain_length_ == 2 && !is_system_catalog(names_[~latest_ & 1])))
      return false;
    const std::string_view written = latest.text();
    if (latest.quoted) return function_kind("", written) == FunctionKind::kPlain;
    std::array<char, statement_shape::kNameBytesMax> folded;
    for (size_t i = 0; i < written.size(); ++i) {
      const char byte = written[i];
      folded[i] = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
    }
    const std::string_view name(folded.data(), written.size());
    return is_plain_function_name(name) || (chain_length_ == 1 && name == "current_timestamp");
  }

  bool take_first_word(Word word) {
    using namespace statement_shape;
    count_statement();
    if (has_trait(word, kFirstQuery)) {
      inserts_ = word == Word::kWith;
      return true;
    }
    if (in_parentheses_) return false;
    if (has_trait(word, kFirstTransaction)) {
      transaction_ = true;
      return true;
    }
    inserts_ = word == Word::kInsert;
    return has_trait(word, kFirst);
  }

  // Words that decide about harmlessness. May replace the word that is remembered. False: the grammar must judge.
  bool notice_word(Word& word) {
    // Every INTO but these may create a table (evasion 7, 8, 13). INSERT is an ordinary name elsewhere:
    // SELECT 1 insert INTO t.
    if (word == Word::kInto) return previous() == Word::kInsertVerb || previous() == Word::kMergeVerb;
    // COMMIT PREPARED (evasion 162); TREAT (x AS f) calls pg_catalog.f(x).
    if (word == Word::kPrepared || word == Word::kTreat) return false;
    if (word == Word::kFrom) {
      if (previous() == Word::kDelete) word = Word::kDeleteFrom;
      return true;
    }
    if (word == Word::kWith) {
      if (first_) {
        with_open_ = true;
        depth_ = 0;
      }
      return true;
    }
    // DISTINCT ON (…) is followed by an expression: from here on ')' does not mean "behind an operand". The COLUMNS
    // of XMLTABLE take any word before an expression.
    if (word == Word::kXmltable || (word == Word::kOn && previous() == Word::kDistinct)) odd_parentheses_ = true;
    if (word == Word::kJoin || word == Word::kMerge || word == Word::kXmltable) joins_ = true;
    if (word == Word::kOn || word == Word::kJoin || word == Word::kXmltable) return true;
    if (word == Word::kInsert && starts_data_change()) word = Word::kInsertVerb;
    if (word == Word::kMerge && starts_data_change()) word = Word::kMergeVerb;
    if (depth_ == 0) with_open_ = false;
    return true;
  }

  // Whether INSERT or MERGE here is the verb of a statement: the first word, the start of a WITH query's body, or the
  // main statement behind the list of WITH queries.
  [[nodiscard]] bool starts_data_change() const {
    if (first_) return true;
    if (previous() == Word::kOpenMark) {
      return before_previous() == Word::kAs || before_previous() == Word::kMaterialized;
    }
    return with_open_ && depth_ == 0 && previous() == Word::kCloseMark;
  }

  // Identifiers, and words that the table does not know. False: the grammar must judge.
  [[gnu::always_inline]] bool take_name(lexical::Text text, Name name) {
    if (name.length > statement_shape::kNameBytesMax) [[unlikely]]
      return false;
    const Word last = previous();
    if (last == Word::kDotMark) return take_part(text, name);
    start_chain(name, last);
    return accept_name(text, name);
  }

  // A name behind a '.'.
  [[gnu::always_inline]] bool take_part(lexical::Text text, Name name) {
    if (name.length > statement_shape::kNameBytesMax) [[unlikely]]
      return false;
    ++chain_length_;
    names_[latest_ & 1] = name;
    if (statement_shape::may_be_column_notation(name.start, name.length) && is_risky_column(text, name)) [[unlikely]]
      return false;
    return accept_name(text, name);
  }

  [[gnu::always_inline]] bool accept_name(lexical::Text text, Name name) {
    using namespace statement_shape;
    if (has_trait(chain_start_, kBeforeTarget) && is_system_name(text, name)) [[unlikely]]
      return false;
    if (holds_dotted_i_ && !name.quoted && name.text().find('\xDD') != std::string_view::npos) [[unlikely]]
      return false;
    remember(Word::kName);
    return true;
  }

  // The first name of a possibly qualified one, behind `last`.
  [[gnu::always_inline]] void start_chain(Name name, Word last) {
    names_[latest_ & 1] = name;
    chain_length_ = 1;
    chain_start_ = last;
  }

  // Whether '(' behind the latest name lists columns or a type's modifiers.
  [[nodiscard]] bool names_columns() const {
    if (chain_start_ == Word::kCommaMark) return with_open_ && depth_ == 0;
    return statement_shape::has_trait(chain_start_, statement_shape::kBeforeColumns);
  }

  static bool is_system_catalog(Name name) {
    return name.quoted ? name.text() == "pg_catalog" : is_word(name.text(), "pg_catalog");
  }

  [[gnu::noinline]] static bool is_risky_column(lexical::Text text, Name name) {
    const uint64_t head = fold_name(text, name.start, name.length).head;
    const bool begins_so = std::ranges::any_of(
        statement_shape::kColumnNotationHeads,
        [head](const statement_shape::FoldedStart& start) { return (head & start.mask) == start.head; });
    if (!begins_so) return false;
    std::array<char, statement_shape::kNameBytesMax> lower;
    std::transform(name.start, name.start + name.length, lower.begin(),
                   [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; });
    return column_notation_kind({lower.data(), name.length}) != FunctionKind::kPlain;
  }

  // pg_catalog, pg_toast, pg_temp, every relation of pg_catalog, and information_schema.
  [[gnu::noinline]] static bool is_system_name(lexical::Text text, Name name) {
    const FoldedWord folded = fold_name(text, name.start, name.length);
    return (folded.head & low_bytes(3)) == statement_shape::kSystemPrefix || is_word(name.text(), "information_schema");
  }

  uint32_t count_ = 0;
  uint32_t history_ = 0;  // the last four tokens, one Word a byte, the latest lowest
  bool transaction_ = false;
  // About the statement.
  bool first_ = true;             // nothing but '(' so far
  bool in_statement_ = false;     // counted already
  bool in_parentheses_ = false;   // begins with '('
  bool with_open_ = false;        // in the list of WITH queries, the main statement is still to come
  bool odd_parentheses_ = false;  // see notice_word
  bool joins_ = false;            // ON may begin a join condition
  bool inserts_ = false;          // ON CONFLICT is possible
  int64_t depth_ = 0;             // open parentheses; kept up only while with_open_
  // About the latest name.
  std::array<Name, 2> names_;            // the latest one, and the one before the latest '.'
  uint32_t latest_ = 0;                  // turns at each '.': a copy would wait for what has just been written
  uint32_t chain_length_ = 0;            // 2 for schema.name
  Word chain_start_ = Word::kStartMark;  // what stands before the chain
  bool holds_dotted_i_ = false;
};

}  // namespace schemaguard::parser::postgres
