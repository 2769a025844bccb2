// Decoders and encoders for the packets a server sends: OK, EOF, ERR, PREPARE OK, authentication, LOCAL INFILE.
//
// The server is a hostile peer too: bodies are consumed exactly. Views point into the body. What a first byte means
// depends on the place in the reply, so each decoder is asked for by name (see reply_reader.h).
// Sources: mysql-wire 18, 25, 26, 31, 41, 42, 44, 45; the shapes were compared with a MariaDB 10.11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

struct OkPacket {
  uint64_t affected_rows = 0;
  uint64_t insert_id = 0;
  uint16_t status = 0;
  uint16_t warnings = 0;
  // Length-encoded on the wire, with CLIENT_SESSION_TRACK or without, though MySQL's documentation says "rest of the
  // packet" for the latter.
  std::string_view info;
  // The content of the session-track block; empty unless CLIENT_SESSION_TRACK and kStatusSessionStateChanged.
  std::string_view session_track;
  size_t status_at = 0;  // where the status flags stand in the body
  size_t track_at = 0;   // where the length of the session-track block stands; 0 when there is none
  size_t info_at = 0;    // where the length of the info stands: 4 bytes behind status_at
  // Zero bytes in front of the block's length. MariaDB writes that length as a letter of the default database's
  // character set: two bytes of ucs2 and utf16, four of utf32 (asked of 10.11). Clients take the first zero for an
  // empty block; what the server means stands behind it.
  uint8_t track_padding = 0;
};
// Either form of OK: header 00, or FE as the end of a result set with CLIENT_DEPRECATE_EOF.
std::optional<OkPacket> decode_ok(std::string_view body, Capabilities capabilities);

struct EofPacket {
  uint16_t warnings = 0;
  uint16_t status = 0;
};
std::optional<EofPacket> decode_eof(std::string_view body);

struct ErrPacket {
  uint16_t error = 0;
  std::string_view sqlstate;  // "" when the server sent none
  std::string_view message;
  // A progress report of MariaDB and no error: the statement goes on (mysql-wire 41).
  [[nodiscard]] bool is_progress() const { return error == kErrnoProgress; }
};
std::optional<ErrPacket> decode_err(std::string_view body);

struct PrepareOk {
  uint32_t statement_id = 0;
  uint16_t columns = 0;
  uint16_t parameters = 0;
  uint16_t warnings = 0;
  bool definitions_follow = true;  // false only with MySQL's optional metadata
};
std::optional<PrepareOk> decode_prepare_ok(std::string_view body, Capabilities capabilities);

struct AuthSwitchRequest {
  std::string_view plugin;
  std::string_view data;  // with its NUL at the end, as most plugins send it
};
// FE alone is the switch to passwords of before 4.1, computed from the beginning of the greeting's nonce.
std::optional<AuthSwitchRequest> decode_auth_switch(std::string_view body);
// 02: the next factor of a login with several (mysql-wire 29). Same content as the switch.
std::optional<AuthSwitchRequest> decode_auth_next_factor(std::string_view body);
// 01: the plugin's own bytes (mysql-wire 26).
std::optional<std::string_view> decode_auth_more_data(std::string_view body);
// FB: the name of the file that the server asks the client for.
std::optional<std::string_view> decode_local_infile(std::string_view body);

// Bodies and whole packets that the guard says itself. `sqlstate` has five characters; "" leaves it and its marker
// away, as servers do before the greeting.
std::string encode_err_body(uint16_t error, std::string_view sqlstate, std::string_view message);
std::string encode_err(uint16_t error, std::string_view sqlstate, std::string_view message, uint8_t sequence);
std::string encode_ok_body(const OkPacket& ok, uint8_t header = kOkHeader);
std::string encode_ok(uint16_t status, uint8_t sequence);

}  // namespace schemaguard::parser::mysql
