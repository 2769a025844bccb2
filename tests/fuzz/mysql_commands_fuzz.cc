// Any bytes as the body of any MySQL command: never a crash, and the text of a query is the end of its body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/mysql/client_commands.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace schemaguard::parser::mysql;
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto plain = decode_query(body, {kClientProtocol41, 0});
  if (!plain.has_value() || plain->text != body) std::abort();
  const auto query = decode_query(body, {kClientProtocol41 | kClientQueryAttributes, 0});
  if (query.has_value() && (!body.ends_with(query->text) || query->text.size() + 2 > body.size())) std::abort();
  decode_execute(body);
  decode_bulk_execute(body);
  decode_fetch(body);
  decode_long_data_prefix(body);
  decode_statement_id(body);
  decode_init_db(body);
  decode_set_option(body);
  decode_process_kill(body);
  decode_field_list(body);
  decode_refresh(body);
  return 0;
}
