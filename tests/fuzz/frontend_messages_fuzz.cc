// Any bytes as the body of any client message: never a crash, and what is returned lies inside the body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/postgres/frontend_messages.h"

namespace {

void expect_inside(std::string_view part, std::string_view body) {
  if (part.empty()) return;
  if (part.data() < body.data() || part.data() + part.size() > body.data() + body.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace schemaguard::parser::postgres;
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (const auto text = decode_query(body)) {
    expect_inside(*text, body);
    if (encode_query(*text).substr(5) != body) std::abort();
  }
  if (const auto parse = decode_parse(body)) {
    expect_inside(parse->statement, body);
    expect_inside(parse->text, body);
  }
  if (const auto names = decode_bind_names(body)) {
    expect_inside(names->portal, body);
    expect_inside(names->statement, body);
  }
  if (const auto target = decode_target(body)) expect_inside(target->name, body);
  if (const auto execute = decode_execute(body)) expect_inside(execute->portal, body);
  decode_function_oid(body);
  return 0;
}
