// The words that SqlScanner must know. Internal to parser/postgres.
#pragma once

#include <cstddef>
#include <cstdint>

#include "parser/word_table.h"

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

namespace scan_words {

using Row = WordRow<Word>;

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

// The factor was chosen by trial so that no two words of the table share a slot.
inline constexpr WordTable<Word, count_spellings(kRows), 11, 0xA6510BA340E4B12FULL> kTable(kRows, Word::kName);
static_assert(!kTable.collision());

}  // namespace scan_words

// A first look: false for most words that are not in the table, and for all longer than sixteen bytes.
inline bool may_be_word(char first, size_t length) { return scan_words::kTable.may_hold(first, length); }

// The word of at most sixteen bytes, or Word::kName.
inline Word find_word(FoldedWord folded) { return scan_words::kTable.find(folded); }

}  // namespace schemaguard::parser::postgres
