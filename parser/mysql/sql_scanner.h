// SqlScanner: the cheap exact scan that every MySQL or MariaDB text passes first.
//
// It cuts a text exactly where the server's own lexer cuts it (statement ends, comments, strings, names) and answers
// one question: can this text be anything but ordinary reads, DML and transaction control? `kHarmless` is a promise:
// under every reading that `state` leaves possible the statement reader would find queries, changes of rows, SHOW and
// transaction control only, no function outside the plain built-ins, no setting, no file, no table of a system
// database that is written in front of its name, no executable comment, nothing that commits implicitly, and as many
// statements. Everything else is `kNeedsGrammar`, which promises nothing. A session whose default database is one of
// the system's must not rely on it for texts that write: names without a database are not told apart here. It never
// allocates, never throws, runs in linear time, and reads only the bytes it is given (mysql-wire section 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/mysql/reading.h"

namespace schemaguard::parser::mysql {

enum class ScanVerdict : uint8_t {
  kHarmless,      // see above
  kNeedsGrammar,  // the statement reader must judge it
  kUnreadable,    // the server's lexer gives up inside of it: a string, name or comment that is not closed
};

struct ScanResult {
  ScanVerdict verdict = ScanVerdict::kNeedsGrammar;
  // For kHarmless: the number of non-empty statements; 0 for empty or comment-only text.
  uint32_t statement_count = 0;
  // For kHarmless: whether the text holds a BEGIN, START TRANSACTION, COMMIT, ROLLBACK, SAVEPOINT or RELEASE.
  bool has_transaction_control = false;
  // For kUnreadable: stable reason code ("unterminated").
  const char* reason = "";
};

ScanResult scan_sql(std::string_view text, const ReadingState& state);

}  // namespace schemaguard::parser::mysql
