#include "parser/postgres/frontend_messages.h"

#include "parser/postgres/message_body.h"
#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {
std::optional<std::string_view> decode_query(std::string_view body) {
  MessageBody reader(body);
  const std::string_view text = reader.read_cstring();
  if (!reader.complete()) return std::nullopt;
  return text;
}

std::optional<ParseMessage> decode_parse(std::string_view body) {
  MessageBody reader(body);
  ParseMessage parse;
  parse.statement = reader.read_cstring();
  parse.text = reader.read_cstring();
  const uint16_t parameter_types = reader.read_uint16();
  reader.read_bytes(size_t{4} * parameter_types);
  if (!reader.complete()) return std::nullopt;
  return parse;
}

std::optional<BindNames> decode_bind_names(std::string_view prefix) {
  MessageBody reader(prefix);
  BindNames names;
  names.portal = reader.read_cstring();
  names.statement = reader.read_cstring();
  if (!reader.ok()) return std::nullopt;
  return names;
}

std::optional<TargetMessage> decode_target(std::string_view body) {
  MessageBody reader(body);
  TargetMessage target;
  target.kind = static_cast<char>(reader.read_uint8());
  target.name = reader.read_cstring();
  if (!reader.complete() || (target.kind != 'S' && target.kind != 'P')) return std::nullopt;
  return target;
}

std::optional<ExecuteMessage> decode_execute(std::string_view body) {
  MessageBody reader(body);
  ExecuteMessage execute;
  execute.portal = reader.read_cstring();
  execute.rows_max = reader.read_uint32();
  if (!reader.complete()) return std::nullopt;
  return execute;
}

std::optional<uint32_t> decode_function_oid(std::string_view body) {
  MessageBody reader(body);
  const uint32_t oid = reader.read_uint32();
  if (!reader.ok()) return std::nullopt;
  return oid;
}

std::string_view clip_name(std::string_view name) { return name.substr(0, kNameBytesMax); }

std::string encode_query(std::string_view text) {
  std::string body;
  MessageBuilder::put_cstring(body, text);
  return MessageBuilder::message(frontend::kQuery, body);
}

std::string encode_parse(std::string_view statement, std::string_view text) {
  std::string body;
  MessageBuilder::put_cstring(body, statement);
  MessageBuilder::put_cstring(body, text);
  MessageBuilder::put_uint16(body, 0);
  return MessageBuilder::message(frontend::kParse, body);
}

std::string encode_bind(std::string_view portal, std::string_view statement) {
  std::string body;
  MessageBuilder::put_cstring(body, portal);
  MessageBuilder::put_cstring(body, statement);
  MessageBuilder::put_uint16(body, 0);  // parameter formats
  MessageBuilder::put_uint16(body, 0);  // parameters
  MessageBuilder::put_uint16(body, 0);  // result formats
  return MessageBuilder::message(frontend::kBind, body);
}

std::string encode_execute(std::string_view portal) {
  std::string body;
  MessageBuilder::put_cstring(body, portal);
  MessageBuilder::put_uint32(body, 0);
  return MessageBuilder::message(frontend::kExecute, body);
}

std::string encode_function_call(uint32_t oid) {
  std::string body;
  MessageBuilder::put_uint32(body, oid);
  MessageBuilder::put_uint16(body, 0);  // argument formats
  MessageBuilder::put_uint16(body, 0);  // arguments
  MessageBuilder::put_uint16(body, 0);  // result format
  return MessageBuilder::message(frontend::kFunctionCall, body);
}

}  // namespace schemaguard::parser::postgres
