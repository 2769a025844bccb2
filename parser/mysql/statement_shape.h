// StatementShape: what a statement can be, judged from its words and parentheses alone.
//
// The heart of SqlScanner: it is told every token of a statement and answers, token by token, whether the statement
// is still certainly harmless in the sense of sql_scanner.h. It knows just enough of the grammar to keep everyday
// statements on the fast path (where INTO names a target, which '(' calls a function); whatever it does not know, the
// reader must judge. Positions in the text stay valid as long as the text. Internal to parser/mysql.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "parser/mysql/plain_functions.h"
#include "parser/mysql/scan_words.h"
#include "parser/mysql/system_databases.h"

namespace schemaguard::parser::mysql {

namespace statement_shape {

constexpr std::array<bool, kWordCount> make_call_safe() {
  std::array<bool, kWordCount> safe{};
  // SELECT (…), VALUES (…), AS (…), and the functions INSERT(), REPLACE() and VALUES().
  for (const Word word : {Word::kOtherMark, Word::kReserved, Word::kSelect, Word::kInsert, Word::kReplace,
                          Word::kUpdate, Word::kValues, Word::kAs}) {
    safe[static_cast<size_t>(word)] = true;
  }
  return safe;
}
inline constexpr std::array<bool, kWordCount> kCallSafe = make_call_safe();

}  // namespace statement_shape

// The small members are forced into the scanner's loop: a call a token would be a third of the whole cost.
class StatementShape {
 public:
  // Every answer of these is "still harmless"; after the first false the object must not be asked again.

  // A word that stands at `start`, not quoted and not directly behind a '.'.
  [[gnu::always_inline]] bool word(lexical::Text text, const char* start, size_t length) {
    const bool may_be = may_be_word(*start, length);
    if (!may_be && !special_) [[likely]]
      return take_name({start, length}, false);
    const Word found = may_be ? find_word(fold_name(text, start, length)) : Word::kName;
    if (special_) [[unlikely]] {
      if (!take_special_word(found)) return false;
    } else if (found == Word::kName) {
      return take_name({start, length}, false);
    } else {
      // What stands between INSERT and its target.
      const bool expected = target_ == Target::kExpected;
      if (found == Word::kFile || (found == Word::kInto && !expected)) return false;
      if (found != Word::kInto && found != Word::kModifier) target_ = Target::kNone;
    }
    previous_ = found;
    return true;
  }

  // A name in quotes (the bytes between them), or a word directly behind a '.'.
  [[gnu::always_inline]] bool name(const char* start, size_t length, bool quoted) {
    if (special_) [[unlikely]]
      return false;
    return take_name({start, length}, quoted);
  }

  // Anything else that may stand inside a statement but cannot begin one.
  [[gnu::always_inline]] bool mark() {
    if (special_) [[unlikely]]
      return false;
    target_ = Target::kNone;
    previous_ = Word::kOtherMark;
    return true;
  }

  [[gnu::always_inline]] bool open() {
    if (special_) [[unlikely]] {
      if (expects_ != Expects::kFirst) return false;
      in_parentheses_ = true;
      count_statement();
    } else if (!statement_shape::kCallSafe[static_cast<size_t>(previous_)] && !opens_without_call()) {
      return false;
    }
    target_ = Target::kNone;
    previous_ = Word::kOtherMark;
    return true;
  }

  // A '.' that belongs to no number.
  [[gnu::always_inline]] bool dot() {
    if (special_) [[unlikely]]
      return false;
    if (writes_ && previous_ == Word::kName && is_system_database(name_)) [[unlikely]]
      return false;
    previous_ = Word::kDotMark;
    return true;
  }

  // False: the statement is not complete without more words.
  bool end_statement() {
    const bool complete = expects_ != Expects::kTransaction && expects_ != Expects::kSavepoint;
    in_statement_ = false;
    special_ = true;
    expects_ = Expects::kFirst;
    target_ = Target::kNone;
    in_parentheses_ = false;
    writes_ = false;
    previous_ = Word::kStartMark;
    return complete;
  }

  // Whether a run of literals may be skipped here.
  [[nodiscard]] bool may_skip_literals() const { return previous_ == Word::kOtherMark && !special_; }
  [[nodiscard]] uint32_t statement_count() const { return count_; }
  [[nodiscard]] bool transaction_control() const { return transaction_; }

 private:
  // The words that must come next, when not any may.
  enum class Expects : uint8_t { kNothing, kFirst, kWork, kEnd, kTransaction, kSavepoint };
  // Where the name of the table stands that INSERT or REPLACE fills.
  enum class Target : uint8_t { kNone, kExpected, kInside };

  void count_statement() {
    count_ += in_statement_ ? 0 : 1;
    in_statement_ = true;
  }

  void expect(Expects what) {
    expects_ = what;
    special_ = what != Expects::kNothing;
  }

  [[gnu::noinline]] bool take_special_word(Word word) {
    switch (expects_) {
      case Expects::kFirst:
        count_statement();
        return take_first_word(word);
      case Expects::kWork:
        expect(Expects::kEnd);
        return word == Word::kWork;
      case Expects::kTransaction:
        expect(Expects::kNothing);
        return word == Word::kTransaction;
      case Expects::kSavepoint:
        expect(Expects::kNothing);
        return word == Word::kSavepoint;
      case Expects::kNothing:
      case Expects::kEnd:
        break;
    }
    return false;
  }

  bool take_first_word(Word word) {
    expect(Expects::kNothing);
    writes_ = word == Word::kInsert || word == Word::kReplace || word == Word::kUpdate || word == Word::kDelete ||
              word == Word::kWith;
    if (word == Word::kSelect || word == Word::kValues || word == Word::kWith) return true;
    if (in_parentheses_) return false;
    if (word == Word::kInsert || word == Word::kReplace) {
      target_ = Target::kExpected;
      return true;
    }
    if (writes_ || word == Word::kShow) return true;
    transaction_ = true;
    if (word == Word::kBegin) return expect(Expects::kWork), true;
    if (word == Word::kStart) return expect(Expects::kTransaction), true;
    if (word == Word::kRelease) return expect(Expects::kSavepoint), true;
    return word == Word::kCommit || word == Word::kRollback || word == Word::kSavepoint;
  }

  [[gnu::always_inline]] bool take_name(std::string_view name, bool quoted) {
    if (previous_ == Word::kDotMark) {
      qualified_ = true;
    } else {
      qualified_ = false;
      behind_ = previous_;
      target_ = target_ == Target::kExpected ? Target::kInside : Target::kNone;
    }
    name_ = name;
    quoted_ = quoted;
    previous_ = Word::kName;
    return true;
  }

  // Whether the '(' here lists columns, or calls a plain built-in.
  [[gnu::noinline]] [[nodiscard]] bool opens_without_call() const {
    if (previous_ != Word::kName) return false;
    if (target_ == Target::kInside) return true;
    if (qualified_) return false;
    // AS alias (…), CAST(… AS datetime(6)), WITH name (…).
    if (behind_ == Word::kAs || behind_ == Word::kWith || behind_ == Word::kRecursive) return true;
    if (quoted_ || name_.size() > kPlainFunctionBytesMax) return false;
    std::array<char, kPlainFunctionBytesMax> folded{};
    for (size_t i = 0; i < name_.size(); ++i) folded[i] = lower_letter(name_[i]);
    return is_plain_function_name({folded.data(), name_.size()});
  }

  uint32_t count_ = 0;
  bool transaction_ = false;
  // About the statement.
  bool special_ = true;  // expects_ is not kNothing
  Expects expects_ = Expects::kFirst;
  bool in_statement_ = false;    // counted already
  bool in_parentheses_ = false;  // begins with '('
  bool writes_ = false;          // may change rows
  Target target_ = Target::kNone;
  Word previous_ = Word::kStartMark;
  // About the latest name.
  std::string_view name_;
  bool quoted_ = false;
  bool qualified_ = false;          // a '.' stands before it
  Word behind_ = Word::kStartMark;  // what stands before the name, or before the whole of a.b
};

}  // namespace schemaguard::parser::mysql
