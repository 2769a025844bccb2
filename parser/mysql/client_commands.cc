#include "parser/mysql/client_commands.h"

#include "parser/mysql/body_reader.h"

namespace schemaguard::parser::mysql {
namespace {

// The field types that clients bind, with the size of their values in the binary protocol.
constexpr size_t kLengthEncodedValue = 255;

std::optional<size_t> value_bytes(uint8_t type) {
  switch (type) {
    case 0x01:  // TINY
      return 1;
    case 0x02:  // SHORT
      return 2;
    case 0x03:  // LONG
    case 0x04:  // FLOAT
      return 4;
    case 0x05:  // DOUBLE
    case 0x08:  // LONGLONG
      return 8;
    case 0x00:  // DECIMAL
    case 0x07:  // TIMESTAMP
    case 0x0A:  // DATE
    case 0x0B:  // TIME
    case 0x0C:  // DATETIME
    case 0x0F:  // VARCHAR
    case 0xF5:  // JSON
    case 0xF6:  // NEWDECIMAL
    case 0xF9:  // TINY_BLOB
    case 0xFA:  // MEDIUM_BLOB
    case 0xFB:  // LONG_BLOB
    case 0xFC:  // BLOB
    case 0xFD:  // VAR_STRING
    case 0xFE:  // STRING
      return kLengthEncodedValue;
    default:
      return std::nullopt;  // how many bytes the server would take is not certain
  }
}

// The null bitmap, types with names, and values in front of the text.
bool skip_attributes(BodyReader& reader, uint64_t count, std::vector<std::string_view>& names) {
  if (count > kQueryAttributesMax) return false;
  const std::string_view null_bitmap = reader.bytes(static_cast<size_t>((count + 7) / 8));
  if (reader.uint1() != 1) return false;  // types must be sent: the server calls anything else malformed
  std::vector<uint8_t> types;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    types.push_back(reader.uint1());
    reader.skip(1);  // whether it is unsigned
    names.push_back(reader.length_encoded_string());
  }
  for (size_t i = 0; i < types.size() && reader.ok(); ++i) {
    if ((static_cast<uint8_t>(null_bitmap[i / 8]) >> (i % 8) & 1) != 0) continue;
    const std::optional<size_t> bytes = value_bytes(types[i]);
    if (!bytes.has_value()) return false;
    if (*bytes == kLengthEncodedValue) {
      reader.length_encoded_string();
    } else {
      reader.skip(*bytes);
    }
  }
  return reader.ok();
}

}  // namespace

std::optional<QueryCommand> decode_query(std::string_view body, Capabilities capabilities) {
  QueryCommand command;
  BodyReader reader(body);
  if (capabilities.has(kClientQueryAttributes)) {
    const uint64_t count = reader.length_encoded();
    const uint64_t sets = reader.length_encoded();
    if (!reader.ok() || sets != 1) return std::nullopt;
    if (count > 0 && !skip_attributes(reader, count, command.attribute_names)) return std::nullopt;
  }
  command.text = reader.rest();
  return command;
}

std::optional<ExecuteCommand> decode_execute(std::string_view body) {
  BodyReader reader(body);
  ExecuteCommand command;
  command.statement_id = reader.uint4();
  command.flags = reader.uint1();
  command.iterations = reader.uint4();
  command.parameters = reader.rest();
  return reader.finished() ? std::optional(command) : std::nullopt;
}

std::optional<BulkExecuteCommand> decode_bulk_execute(std::string_view body) {
  BodyReader reader(body);
  BulkExecuteCommand command;
  command.statement_id = reader.uint4();
  command.flags = reader.uint2();
  command.parameters = reader.rest();
  return reader.finished() ? std::optional(command) : std::nullopt;
}

std::optional<FetchCommand> decode_fetch(std::string_view body) {
  BodyReader reader(body);
  FetchCommand command;
  command.statement_id = reader.uint4();
  command.rows = reader.uint4();
  return reader.finished() ? std::optional(command) : std::nullopt;
}

std::optional<LongDataCommand> decode_long_data_prefix(std::string_view prefix) {
  BodyReader reader(prefix);
  LongDataCommand command;
  command.statement_id = reader.uint4();
  command.parameter = reader.uint2();
  return reader.ok() ? std::optional(command) : std::nullopt;
}

std::optional<uint32_t> decode_statement_id(std::string_view body) {
  BodyReader reader(body);
  const uint32_t id = reader.uint4();
  return reader.finished() ? std::optional(id) : std::nullopt;
}

std::optional<std::string_view> decode_init_db(std::string_view body) {
  if (body.empty() || body.find('\0') != std::string_view::npos) return std::nullopt;
  return body;
}

std::optional<uint16_t> decode_set_option(std::string_view body) {
  BodyReader reader(body);
  const uint16_t option = reader.uint2();
  return reader.finished() ? std::optional(option) : std::nullopt;
}

std::optional<uint32_t> decode_process_kill(std::string_view body) { return decode_statement_id(body); }

std::optional<FieldListCommand> decode_field_list(std::string_view body) {
  BodyReader reader(body);
  FieldListCommand command;
  command.table = reader.terminated_string();
  command.wildcard = reader.rest();
  return reader.finished() ? std::optional(command) : std::nullopt;
}

std::optional<RefreshCommand> decode_refresh(std::string_view body) {
  BodyReader reader(body);
  const RefreshCommand command{reader.uint1()};
  return reader.finished() ? std::optional(command) : std::nullopt;
}

}  // namespace schemaguard::parser::mysql
