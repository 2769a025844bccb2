// Any bytes as the body of any server message: never a crash, and a whole error has the fields of its prefix.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/postgres/backend_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace schemaguard::parser::postgres;
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  const ErrorFields prefix = decode_error_prefix(body);
  if (const auto error = decode_error_fields(body)) {
    if (error->fields != prefix.fields) std::abort();
    if (error->is_fatal() != prefix.is_fatal()) std::abort();
  }
  decode_authentication(body);
  decode_ready_for_query(body);
  decode_parameter_status(body);
  decode_backend_key_data(body);
  decode_command_complete(body);
  decode_negotiate_protocol_version(body);
  return 0;
}
