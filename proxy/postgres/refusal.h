// Refusal: the message that the server is certain to reject, put in the place of a refused one, and the rewriting of
// its answer (design section 7).
//
// The proxy never fakes a transaction state: order, skip-to-Sync, rollback and ReadyForQuery status are the server's
// own. The token is the first word of the text because the server quotes only the offending word back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parser/postgres/backend_messages.h"

namespace schemaguard::proxy::postgres {

// What the client is told.
struct RefusalText {
  std::string message;  // with prefix, rule and reference
  std::string detail;
  std::string hint;
};

struct Refusal {
  char type = 'Q';    // the refused message's type byte
  std::string token;  // "sg_" and 16 hex digits
  RefusalText text;
};

std::string refusal_token(uint64_t random_bits);

// The bytes to send instead. `name`: the statement for Parse, the portal for Bind; `rule` goes into a comment so that
// the server's log explains itself.
std::string substitute_message(const Refusal& refusal, std::string_view name, std::string_view rule);

// Whether `error` is the server's rejection of the substitute: any other error at that place is relayed unchanged
// (57014, 57P01, 53200 …).
bool is_rejection_of(const Refusal& refusal, const parser::postgres::ErrorFields& error);

// The ErrorResponse for the client: 42501, our message, detail and hint; S and V as the server sent them.
std::string rewrite_rejection(const Refusal& refusal, const parser::postgres::ErrorFields& error);

}  // namespace schemaguard::proxy::postgres
