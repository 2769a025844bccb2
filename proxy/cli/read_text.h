// read_text(): statement facts for commands, on a thread whose stack is large enough for the grammar.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {

// Starts a thread with kParseStackBytes of stack, reads `text` on it and waits. An error only when no thread starts.
absl::StatusOr<parser::TextFacts> read_text(std::string_view text, parser::postgres::Reading reading,
                                            const Limits& limits);

}  // namespace schemaguard::proxy
