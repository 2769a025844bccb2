// The words that SqlScanner must know, found by one multiplication and two comparisons.
//
// A word is given as its first sixteen bytes with 0x20 set in each (which folds ASCII letters, maps '_' to 0x7F, and
// keeps all other identifier bytes apart), zero-padded. Longer words are never looked up. Internal to parser/postgres.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace schemaguard::parser::postgres {

// What a token was, as far as the scanner remembers it: a word of the table, or a mark for everything else.
enum class Word : uint8_t {
  // Marks.
  kStartMark,  // start of a statement
  kName,       // identifier, quoted or not, or a word that is not in the table
  kDotMark,
  kOpenMark,
  kCloseMark,
  kCommaMark,
  kStringMark,         // a constant in single quotes
  kStringCommentMark,  // the same with a comment behind it
  kOtherMark,
  kInsertVerb,  // INSERT where a statement starts: only there INTO names a target
  kMergeVerb,
  kDeleteFrom,  // FROM directly behind DELETE
  // Words that may stand before '(' without being a function's name, and need no more attention: reserved words, and
  // those that the grammar does not take as function names.
  kReserved,
  kCharacter,   // char, character, bit, nchar: may be followed by VARYING
  kJoinSide,    // left, inner, natural…: before JOIN; left and right are functions as well
  kSyntaxWord,  // not reserved, but an expression may follow: … ESCAPE f(x)
  // Words with a meaning of their own.
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kValues,
  kTable,
  kWith,
  kFetch,
  kMove,
  kClose,
  kListen,
  kUnlisten,
  kNotify,
  kShow,
  kBegin,
  kStart,
  kCommit,
  kEnd,
  kRollback,
  kAbort,
  kSavepoint,
  kRelease,
  kInto,
  kPrepared,
  kFrom,
  kOnly,
  kRecursive,
  kAs,
  kMaterialized,
  kNot,
  kOver,
  kFilter,
  kBy,
  kConflict,
  kJoin,
  kOn,
  kSet,
  kTreat,
  kOrder,
  kGroup,
  kPartition,
  kDistinct,
  kVarying,
  kThen,
  kXmltable
};
inline constexpr size_t kWordCount = static_cast<size_t>(Word::kXmltable) + 1;

struct FoldedWord {
  uint64_t head = 0;
  uint64_t tail = 0;
  bool operator==(const FoldedWord&) const = default;
};

inline constexpr uint64_t kFoldMask = 0x2020202020202020ULL;

constexpr FoldedWord fold_word(std::string_view word) {
  FoldedWord folded;
  for (size_t i = 0; i < word.size() && i < 16; ++i) {
    const uint64_t byte = static_cast<uint8_t>(word[i] | 0x20);
    (i < 8 ? folded.head : folded.tail) |= byte << (8 * (i % 8));
  }
  return folded;
}

namespace scan_words {

struct Row {
  Word word;
  std::string_view spellings;  // parted by single spaces
};

// From pg_get_keywords() of PostgreSQL 15, categories R and C; 16 to 18 only add to them.
inline constexpr Row kRows[] = {
    {Word::kReserved,
     "all analyse analyze and any array asc asymmetric between bigint boolean both case cast check "
     "coalesce collate column constraint create current_catalog current_date current_role current_time "
     "current_user dec decimal default deferrable desc do else except exists extract false float for "
     "foreign grant greatest grouping having in initially inout int integer intersect interval lateral "
     "leading least limit localtime localtimestamp national none normalize null nullif numeric offset or "
     "out overlay placing position precision primary real references returning row session_user setof "
     "smallint some substring symmetric time timestamp to trailing trim true union unique user using "
     "varchar variadic when where window xmlattributes xmlconcat xmlelement xmlexists xmlforest "
     "xmlnamespaces xmlparse xmlpi xmlroot xmlserialize"},
    {Word::kCharacter, "char character bit nchar"},
    {Word::kJoinSide, "inner cross outer left right full natural"},
    {Word::kSyntaxWord, "escape zone range rows groups passing content document version first next key value path"},
    {Word::kSelect, "select"},
    {Word::kInsert, "insert"},
    {Word::kUpdate, "update"},
    {Word::kDelete, "delete"},
    {Word::kMerge, "merge"},
    {Word::kValues, "values"},
    {Word::kTable, "table"},
    {Word::kWith, "with"},
    {Word::kFetch, "fetch"},
    {Word::kMove, "move"},
    {Word::kClose, "close"},
    {Word::kListen, "listen"},
    {Word::kUnlisten, "unlisten"},
    {Word::kNotify, "notify"},
    {Word::kShow, "show"},
    {Word::kBegin, "begin"},
    {Word::kStart, "start"},
    {Word::kCommit, "commit"},
    {Word::kEnd, "end"},
    {Word::kRollback, "rollback"},
    {Word::kAbort, "abort"},
    {Word::kSavepoint, "savepoint"},
    {Word::kRelease, "release"},
    {Word::kInto, "into"},
    {Word::kPrepared, "prepared"},
    {Word::kFrom, "from"},
    {Word::kOnly, "only"},
    {Word::kRecursive, "recursive"},
    {Word::kAs, "as"},
    {Word::kMaterialized, "materialized"},
    {Word::kNot, "not"},
    {Word::kOver, "over"},
    {Word::kFilter, "filter"},
    {Word::kBy, "by"},
    {Word::kConflict, "conflict"},
    {Word::kJoin, "join"},
    {Word::kOn, "on"},
    {Word::kSet, "set"},
    {Word::kTreat, "treat"},
    {Word::kOrder, "order"},
    {Word::kGroup, "group"},
    {Word::kPartition, "partition"},
    {Word::kDistinct, "distinct"},
    {Word::kVarying, "varying"},
    {Word::kThen, "then"},
    {Word::kXmltable, "xmltable"},
};

constexpr size_t count_spellings() {
  size_t count = 0;
  for (const Row& row : kRows) {
    ++count;
    for (const char byte : row.spellings) count += byte == ' ' ? 1 : 0;
  }
  return count;
}

inline constexpr size_t kSlotBits = 11;
// Chosen by trial so that no two words of the table share a slot; the table's construction checks it.
constexpr size_t slot_of(FoldedWord word) {
  return static_cast<size_t>(((word.head ^ (word.tail * 0x9E3779B97F4A7C15ULL)) * 0xA6510BA340E4B12FULL) >>
                             (64 - kSlotBits));
}

struct Entry {
  FoldedWord spelling;
  Word word = Word::kName;
};

struct Table {
  std::array<uint8_t, size_t{1} << kSlotBits> slots{};  // position in `entries`; 0, the empty word, when free
  std::array<Entry, count_spellings() + 1> entries{};
  std::array<uint32_t, 32> lengths{};  // by first letter: one bit for each length that occurs
  bool collision = false;
};

constexpr Table make_table() {
  Table table;
  uint8_t next = 1;
  for (const Row& row : kRows) {
    std::string_view rest = row.spellings;
    while (!rest.empty()) {
      const size_t length = rest.find(' ') == std::string_view::npos ? rest.size() : rest.find(' ');
      const FoldedWord spelling = fold_word(rest.substr(0, length));
      table.lengths[static_cast<size_t>(rest[0]) & 31] |= uint32_t{1} << length;
      rest.remove_prefix(length == rest.size() ? length : length + 1);
      uint8_t& slot = table.slots[slot_of(spelling)];
      table.collision = table.collision || slot != 0;
      slot = next;
      table.entries[next++] = {spelling, row.word};
    }
  }
  return table;
}
inline constexpr Table kTable = make_table();
static_assert(!kTable.collision);
static_assert(count_spellings() < 255);

}  // namespace scan_words

// A first look: false for most words that are not in the table, and for all longer than sixteen bytes.
inline bool may_be_word(char first, size_t length) {
  return length <= 16 && ((scan_words::kTable.lengths[static_cast<uint8_t>(first) & 31] >> length) & 1) != 0;
}

// The word of at most sixteen bytes, or Word::kName.
inline Word find_word(FoldedWord folded) {
  const scan_words::Entry& entry = scan_words::kTable.entries[scan_words::kTable.slots[scan_words::slot_of(folded)]];
  return entry.spelling == folded ? entry.word : Word::kName;
}

}  // namespace schemaguard::parser::postgres
