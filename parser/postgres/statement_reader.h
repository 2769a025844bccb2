// StatementReader: one SQL text in, its facts out, with PostgreSQL's own grammar (libpg_query) behind it.
//
// Slow path: called only for texts that the scanner could not call harmless, on the parse pool's threads (their
// stacks must be at least kParseStackBytes; evasion section 0), never on an I/O thread. Does what evasion section 0,
// 8 and 9 demand: bounds length, depth and statement count, refuses string-comment-string, blanks comments, parses
// through the JSON entry point, judges both readings of backslashes when the reading is not certain, and falls back
// to the documented first-word procedure when the grammar fails. Thread-safe; never throws; never keeps state.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

struct ReaderLimits {
  size_t statement_bytes_max = 256UL * 1024;  // one statement handed to the grammar; longer: fallback
  size_t depth_max = 1000;                    // open parentheses plus operator chain since the last comma
  size_t statements_max = 100'000;            // per message; more: unread "too_many_statements"
};

// Stack a parse thread needs for `statement_bytes_max` of text (192 bytes of stack per byte of SQL, evasion finding 2).
inline constexpr size_t kParseStackBytes = 64ULL * 1024 * 1024;

// The facts of `text` (no terminating NUL) under `reading`. Where readings disagree the statements of all readings
// are listed one after another, so that the strictest verdict is the right one.
TextFacts read_statements(std::string_view text, Reading reading, const ReaderLimits& limits = {});

// The grammar's version for `schemaguard version`, e.g. "15.1 (libpg_query 15)".
std::string_view grammar_version();

}  // namespace schemaguard::parser::postgres
