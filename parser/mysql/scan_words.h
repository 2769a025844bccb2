// The words that SqlScanner must know. Internal to parser/mysql.
#pragma once

#include <cstddef>
#include <cstdint>

#include "parser/word_table.h"

namespace schemaguard::parser::mysql {

// What a token was, as far as the scanner remembers it: a word of the table, or a mark for everything else.
enum class Word : uint8_t {
  // Marks.
  kStartMark,  // start of a statement
  kName,       // identifier, quoted or not, or a word that is not in the table
  kDotMark,
  kOtherMark,
  // Words that may stand before '(' and call nothing.
  kReserved,
  // Words with a meaning of their own.
  kSelect,
  kInsert,
  kReplace,
  kUpdate,
  kDelete,
  kValues,
  kWith,
  kShow,
  kBegin,
  kStart,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kTransaction,
  kWork,
  kModifier,  // LOW_PRIORITY …: between INSERT and its target
  kInto,
  kFile,  // OUTFILE, DUMPFILE
  kAs,
  kRecursive,
};
inline constexpr size_t kWordCount = static_cast<size_t>(Word::kRecursive) + 1;

namespace scan_words {

// Reserved words of MySQL 8 and MariaDB 10.11, and words that neither takes for the name of a stored function.
inline constexpr WordRow<Word> kRows[] = {
    {Word::kReserved,
     "against all and any asc between bigint binary both by case char character collate columns cross dec decimal desc "
     "distinct distinctrow div double dual else escape except exists float for force from group having in index inner "
     "int integer intersect is join key keys lateral leading like limit natural nchar not null numeric of offset on or "
     "order outer over partition real regexp returning rlike row some sql_big_result sql_buffer_result sql_cache "
     "sql_no_cache sql_small_result straight_join then trailing union use using value varbinary varchar when where "
     "while xor"},
    {Word::kSelect, "select"},
    {Word::kInsert, "insert"},
    {Word::kReplace, "replace"},
    {Word::kUpdate, "update"},
    {Word::kDelete, "delete"},
    {Word::kValues, "values"},
    {Word::kWith, "with"},
    {Word::kShow, "show"},
    {Word::kBegin, "begin"},
    {Word::kStart, "start"},
    {Word::kCommit, "commit"},
    {Word::kRollback, "rollback"},
    {Word::kSavepoint, "savepoint"},
    {Word::kRelease, "release"},
    {Word::kTransaction, "transaction"},
    {Word::kWork, "work"},
    {Word::kModifier, "low_priority delayed high_priority ignore"},
    {Word::kInto, "into"},
    {Word::kFile, "outfile dumpfile"},
    {Word::kAs, "as"},
    {Word::kRecursive, "recursive"},
};

// The factor was chosen by trial so that no two words of the table share a slot.
inline constexpr WordTable<Word, count_spellings(kRows), 11, 0x803468B6B610A9F7ULL> kTable(kRows, Word::kName);
static_assert(!kTable.collision());

}  // namespace scan_words

// A first look: false for most words that are not in the table, and for all longer than sixteen bytes.
inline bool may_be_word(char first, size_t length) { return scan_words::kTable.may_hold(first, length); }

// The word of at most sixteen bytes, or Word::kName.
inline Word find_word(FoldedWord folded) { return scan_words::kTable.find(folded); }

}  // namespace schemaguard::parser::mysql
