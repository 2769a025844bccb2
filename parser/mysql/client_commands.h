// Decoders for the commands a logged-in client sends.
//
// `body` is the payload behind the command byte. Each decoder consumes it exactly and returns std::nullopt when it
// cannot be read the one way the servers read it: then the command is refused, never guessed at. Views point into the
// body. Source: the protocol documentation of both servers; mysql-wire 12, 32, 37; evasion M2, M7, M12, M14, M25.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

inline constexpr size_t kQueryAttributesMax = 1024;

struct QueryCommand {
  std::string_view text;
  std::vector<std::string_view> attribute_names;  // with CLIENT_QUERY_ATTRIBUTES; the values are passed by
};
std::optional<QueryCommand> decode_query(std::string_view body, Capabilities capabilities);

// COM_STMT_PREPARE holds nothing but the text, so it needs no decoder.

struct ExecuteCommand {
  uint32_t statement_id = 0;  // kLastStatementId: the last one prepared
  uint8_t flags = 0;
  uint32_t iterations = 0;
  std::string_view parameters;  // the server's business
  [[nodiscard]] bool opens_cursor() const { return (flags & 7) != 0; }
};
std::optional<ExecuteCommand> decode_execute(std::string_view body);

struct BulkExecuteCommand {
  uint32_t statement_id = 0;
  uint16_t flags = 0;
  std::string_view parameters;
};
std::optional<BulkExecuteCommand> decode_bulk_execute(std::string_view body);

struct FetchCommand {
  uint32_t statement_id = 0;
  uint32_t rows = 0;
};
std::optional<FetchCommand> decode_fetch(std::string_view body);

struct LongDataCommand {
  uint32_t statement_id = 0;
  uint16_t parameter = 0;
};
// Needs the first six bytes only: the data may still be on its way.
std::optional<LongDataCommand> decode_long_data_prefix(std::string_view prefix);

// COM_STMT_CLOSE and COM_STMT_RESET.
std::optional<uint32_t> decode_statement_id(std::string_view body);
// COM_INIT_DB: the name; an empty one or a NUL in it is refused (evasion M29).
std::optional<std::string_view> decode_init_db(std::string_view body);
// COM_SET_OPTION: 0 turns multi-statements on, 1 off (mysql-wire 15).
std::optional<uint16_t> decode_set_option(std::string_view body);
std::optional<uint32_t> decode_process_kill(std::string_view body);

struct FieldListCommand {
  std::string_view table;
  std::string_view wildcard;
};
std::optional<FieldListCommand> decode_field_list(std::string_view body);

struct RefreshCommand {
  uint8_t flags = 0;
  // RESET REPLICA or RESET BINARY LOGS: far more than a FLUSH.
  [[nodiscard]] bool resets_replication() const { return (flags & 0xC0) != 0; }
};
std::optional<RefreshCommand> decode_refresh(std::string_view body);

}  // namespace schemaguard::parser::mysql
