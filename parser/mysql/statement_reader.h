// StatementReader: one MySQL or MariaDB text in, its facts out, by this project's own recursive descent.
//
// Reads one statement after another, each with the settings that those before left behind (evasion M3, M4). A value
// that is not a constant, a CALL or an EXECUTE makes the settings unknown; from there on every reading that makes a
// difference is read, and the statements of all of them are listed one after another, so that the strictest verdict is
// the right one. A reading under which the server's lexer gives up counts only when all do. Statements whose first word
// is not known, or that cannot be cut with certainty, are unread; known statements with an unknown clause are `schema`
// with their shape unknown. Unlike on PostgreSQL the constant text of a PREPARE is judged with the PREPARE: its facts
// are folded in. Empty statements are left out, though the server answers one that is only a comment behind the last
// ';' with a result of its own. Thread-safe; never throws; bounded in depth; keeps no state.
#pragma once

#include <cstddef>
#include <string_view>

#include "parser/mysql/reading.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::mysql {

struct ReaderLimits {
  size_t statements_max = 100'000;  // per message, under all readings; more: unread "too_many_statements"
};

// The facts of `text`. `state` is what is known before it; on return, what is known when all of it succeeded.
TextFacts read_statements(std::string_view text, ReadingState& state, const ReaderLimits& limits = {});

}  // namespace schemaguard::parser::mysql
