#include "parser/mysql/server_packets.h"

#include "parser/mysql/body_reader.h"
#include "parser/mysql/packet_header.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr size_t kSqlstateBytes = 5;

std::optional<AuthSwitchRequest> decode_plugin_request(std::string_view body, uint8_t header) {
  BodyReader reader(body);
  if (reader.uint1() != header) return std::nullopt;
  AuthSwitchRequest request;
  request.plugin = reader.terminated_string();
  request.data = reader.rest();
  if (!reader.finished() || request.plugin.empty()) return std::nullopt;
  return request;
}

// The session-track block, the last of an OK packet, behind no zero byte, one or three (OkPacket::track_padding). At
// most one of them fits: a first zero is either the length of an empty block, with which the packet ends, or padding.
void read_session_track(BodyReader& reader, OkPacket& ok) {
  for (const uint8_t padding : {uint8_t{0}, uint8_t{1}, uint8_t{3}}) {
    BodyReader attempt = reader;
    if (attempt.bytes(padding).find_first_not_of('\0') != std::string_view::npos) continue;
    const std::string_view block = attempt.length_encoded_string();
    if (!attempt.finished() || (padding > 0 && block.empty())) continue;
    ok.session_track = block;
    ok.track_padding = padding;
    reader = attempt;
    return;
  }
  reader.fail();
}

// One byte and the rest of the packet.
std::optional<std::string_view> decode_marked(std::string_view body, uint8_t header) {
  BodyReader reader(body);
  if (reader.uint1() != header || !reader.ok()) return std::nullopt;
  return reader.rest();
}

}  // namespace

std::optional<OkPacket> decode_ok(std::string_view body, Capabilities capabilities) {
  BodyReader reader(body);
  const uint8_t header = reader.uint1();
  if (header != kOkHeader && (header != kEofHeader || !capabilities.has(kClientDeprecateEof))) return std::nullopt;
  OkPacket ok;
  ok.affected_rows = reader.length_encoded();
  ok.insert_id = reader.length_encoded();
  ok.status_at = body.size() - reader.remaining();
  ok.status = reader.uint2();
  ok.warnings = reader.uint2();
  ok.info_at = body.size() - reader.remaining();
  const bool tracked = capabilities.has(kClientSessionTrack) && (ok.status & kStatusSessionStateChanged) != 0;
  if (tracked || reader.remaining() > 0) ok.info = reader.length_encoded_string();
  if (tracked) {
    ok.track_at = body.size() - reader.remaining();
    read_session_track(reader, ok);
  }
  return reader.finished() ? std::optional(ok) : std::nullopt;
}

std::optional<EofPacket> decode_eof(std::string_view body) {
  BodyReader reader(body);
  if (reader.uint1() != kEofHeader) return std::nullopt;
  EofPacket eof;
  eof.warnings = reader.uint2();
  eof.status = reader.uint2();
  return reader.finished() ? std::optional(eof) : std::nullopt;
}

std::optional<ErrPacket> decode_err(std::string_view body) {
  BodyReader reader(body);
  if (reader.uint1() != kErrHeader) return std::nullopt;
  ErrPacket err;
  err.error = reader.uint2();
  err.message = reader.rest();
  if (!reader.finished()) return std::nullopt;
  if (!err.is_progress() && err.message.starts_with('#') && err.message.size() > kSqlstateBytes) {
    err.sqlstate = err.message.substr(1, kSqlstateBytes);
    err.message.remove_prefix(1 + kSqlstateBytes);
  }
  return err;
}

std::optional<PrepareOk> decode_prepare_ok(std::string_view body, Capabilities capabilities) {
  BodyReader reader(body);
  if (reader.uint1() != kOkHeader) return std::nullopt;
  PrepareOk prepared;
  prepared.statement_id = reader.uint4();
  prepared.columns = reader.uint2();
  prepared.parameters = reader.uint2();
  reader.skip(1);
  prepared.warnings = reader.uint2();
  if (capabilities.has(kClientOptionalResultsetMetadata)) {
    const uint8_t follows = reader.uint1();
    if (follows > 1) return std::nullopt;
    prepared.definitions_follow = follows == 1;
  }
  return reader.finished() ? std::optional(prepared) : std::nullopt;
}

std::optional<AuthSwitchRequest> decode_auth_switch(std::string_view body) {
  if (body.size() == 1 && static_cast<uint8_t>(body.front()) == kEofHeader) {
    return AuthSwitchRequest{.plugin = "mysql_old_password", .data = {}};
  }
  return decode_plugin_request(body, kEofHeader);
}

std::optional<AuthSwitchRequest> decode_auth_next_factor(std::string_view body) {
  return decode_plugin_request(body, kAuthNextFactorHeader);
}

std::optional<std::string_view> decode_auth_more_data(std::string_view body) {
  return decode_marked(body, kAuthMoreDataHeader);
}

std::optional<std::string_view> decode_local_infile(std::string_view body) {
  return decode_marked(body, kLocalInfileHeader);
}

std::string encode_err_body(uint16_t error, std::string_view sqlstate, std::string_view message) {
  std::string body;
  BodyWriter::append_uint1(body, kErrHeader);
  BodyWriter::append_uint2(body, error);
  if (!sqlstate.empty()) {
    body.push_back('#');
    body.append(sqlstate);
  }
  body.append(message);
  return body;
}

std::string encode_err(uint16_t error, std::string_view sqlstate, std::string_view message, uint8_t sequence) {
  return encode_message(encode_err_body(error, sqlstate, message), sequence);
}

std::string encode_ok_body(const OkPacket& ok, uint8_t header) {
  std::string body;
  BodyWriter::append_uint1(body, header);
  BodyWriter::append_length_encoded(body, ok.affected_rows);
  BodyWriter::append_length_encoded(body, ok.insert_id);
  BodyWriter::append_uint2(body, ok.status);
  BodyWriter::append_uint2(body, ok.warnings);
  const bool tracked = !ok.session_track.empty();
  if (tracked || !ok.info.empty()) BodyWriter::append_length_encoded_string(body, ok.info);
  if (tracked) {
    body.append(ok.track_padding, '\0');
    BodyWriter::append_length_encoded_string(body, ok.session_track);
  }
  return body;
}

std::string encode_ok(uint16_t status, uint8_t sequence) {
  OkPacket ok;
  ok.status = status;
  return encode_message(encode_ok_body(ok), sequence);
}

}  // namespace schemaguard::parser::mysql
