// SqlScanner: the cheap exact scan that every statement text passes first.
//
// It cuts a text exactly where the PostgreSQL server's own lexer cuts it (statement ends, comments, strings, dollar
// quotes) and answers one question: can this text be anything but ordinary reads, DML and transaction control?
// `kHarmless` is a promise: the full grammar would find queries, changes of rows, transaction control, cursors, SHOW,
// LISTEN, UNLISTEN and NOTIFY only, no function outside the plain built-ins (in column notation either), no setting, no
// INTO, no catalog target, no two-phase commit. Everything else is `kNeedsGrammar`, which promises nothing. What no
// text can show (triggers, views, user-defined operators and casts, user functions in column notation) it cannot see.
// It never allocates, never throws, runs in linear time, and reads only the bytes it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/postgres/reading.h"

namespace schemaguard::parser::postgres {

enum class ScanVerdict : uint8_t {
  kHarmless,      // see above
  kNeedsGrammar,  // the grammar must judge it
  kUnreadable,    // no reading is certain: NUL byte, non-ASCII under an unsafe encoding, string-comment-string
                  // (evasion 40), unterminated string or comment
};

struct ScanResult {
  ScanVerdict verdict = ScanVerdict::kNeedsGrammar;
  // Number of non-empty statements; 0 for empty or comment-only text. Exact under the given reading.
  uint32_t statement_count = 0;
  // For kHarmless: whether the text holds a BEGIN/COMMIT/ROLLBACK/SAVEPOINT/… statement.
  bool has_transaction_control = false;
  // For kUnreadable: stable reason code ("nul_byte", "unsafe_encoding", "string_comment_string", "unterminated").
  const char* reason = "";
};

// Scans `text` (without the protocol's terminating NUL). With Certainty::kUnknown for standard_conforming_strings a
// text holding a backslash is scanned both ways and the stricter result holds, with the larger count; a reading under
// which the text is not terminated does not count when the other is, because there the server rejects the text.
ScanResult scan_sql(std::string_view text, Reading reading);

}  // namespace schemaguard::parser::postgres
