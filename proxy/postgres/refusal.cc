#include "proxy/postgres/refusal.h"

#include "absl/strings/str_format.h"
#include "parser/postgres/frontend_messages.h"
#include "parser/postgres/protocol_format.h"

namespace schemaguard::proxy::postgres {

namespace frontend = parser::postgres::frontend;

std::string refusal_token(uint64_t random_bits) { return absl::StrFormat("sg_%016x", random_bits); }

std::string substitute_message(const Refusal& refusal, std::string_view name, std::string_view rule) {
  switch (refusal.type) {
    case frontend::kBind:
      return parser::postgres::encode_bind(name, refusal.token);
    case frontend::kExecute:
      return parser::postgres::encode_execute(refusal.token);
    case frontend::kFunctionCall:
      return parser::postgres::encode_function_call(0);
    default:
      break;
  }
  // The comment must not be able to end early or to carry anything but plain ASCII into another encoding.
  std::string text = refusal.token + " /* ";
  for (const char c : rule.substr(0, 40)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    text.push_back(plain ? c : '.');
  }
  text += " */";
  if (refusal.type == frontend::kParse) return parser::postgres::encode_parse(name, text);
  return parser::postgres::encode_query(text);
}

bool is_rejection_of(const Refusal& refusal, const parser::postgres::ErrorFields& error) {
  const std::string_view sqlstate = error.get('C');
  switch (refusal.type) {
    case frontend::kBind:
      return sqlstate == "26000" && error.get('M').find(refusal.token) != std::string_view::npos;
    case frontend::kExecute:
      return sqlstate == "34000" && error.get('M').find(refusal.token) != std::string_view::npos;
    case frontend::kFunctionCall:
      return sqlstate == "42883" || sqlstate == "25P02";
    default:
      return sqlstate == "42601" && error.get('M').find(refusal.token) != std::string_view::npos;
  }
}

std::string rewrite_rejection(const Refusal& refusal, const parser::postgres::ErrorFields& error) {
  const std::string_view severity = error.get('V').empty() ? std::string_view("ERROR") : error.get('V');
  return parser::postgres::encode_error({.severity = severity,
                                         .severity_localised = error.get('S'),
                                         .sqlstate = "42501",
                                         .message = refusal.text.message,
                                         .detail = refusal.text.detail,
                                         .hint = refusal.text.hint});
}

}  // namespace schemaguard::proxy::postgres
