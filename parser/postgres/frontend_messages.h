// Decoders and encoders for the messages a logged-in client sends (protocol 3.x).
//
// Each decoder takes a message body (without type and length), consumes it exactly and returns std::nullopt when the
// server would call the body malformed (08P01). Views point into the body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace schemaguard::parser::postgres {

// Query: the text up to the one NUL at the end; a missing or an inner NUL is malformed (evasion 55, 56).
std::optional<std::string_view> decode_query(std::string_view body);

struct ParseMessage {
  std::string_view statement;
  std::string_view text;
};
std::optional<ParseMessage> decode_parse(std::string_view body);

// The two names at the front of Bind; the parameters behind them are the server's business and may not be here yet.
struct BindNames {
  std::string_view portal;
  std::string_view statement;
};
// std::nullopt: both names are not complete in `prefix`.
std::optional<BindNames> decode_bind_names(std::string_view prefix);

struct TargetMessage {  // Describe and Close
  char kind = 'S';      // 'S' statement, 'P' portal
  std::string_view name;
};
std::optional<TargetMessage> decode_target(std::string_view body);

struct ExecuteMessage {
  std::string_view portal;
  uint32_t rows_max = 0;  // 0: no limit
};
std::optional<ExecuteMessage> decode_execute(std::string_view body);

// The function's OID; arguments are not looked at.
std::optional<uint32_t> decode_function_oid(std::string_view body);

// A name as the server keeps it: clipped to 63 bytes (evasion 81). The clip is by bytes as for hash keys of
// statements and portals, which do not pass truncate_identifier().
std::string_view clip_name(std::string_view name);

// Whole messages, as strings ready for the wire.
std::string encode_query(std::string_view text);
std::string encode_parse(std::string_view statement, std::string_view text);
std::string encode_bind(std::string_view portal, std::string_view statement);
std::string encode_execute(std::string_view portal);
std::string encode_function_call(uint32_t oid);

}  // namespace schemaguard::parser::postgres
