// The session-track block of an OK packet: what the server says has changed in the session.
//
// It is what the guard trusts most about how text will be read (mysql-wire 46), so it is decoded exactly and a block
// that does not decode is a protocol violation. Views point into the block. A client that did not ask for
// CLIENT_SESSION_TRACK never sees it (mysql-wire 21); one that did sees what it asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "parser/mysql/wire_format.h"

namespace schemaguard::parser::mysql {

inline constexpr size_t kSessionChangesMax = 4096;  // more than any server has variables

enum class SessionChangeKind : uint8_t {
  kSystemVariable,              // name and value
  kSchema,                      // value: the default database
  kStateChange,                 // value: "1"
  kGtids,                       // value
  kTransactionCharacteristics,  // value: SQL that would start the transaction again
  kTransactionState,            // value: eight letters
  kUnknown,                     // value: the entry as it came
};

struct SessionChange {
  SessionChangeKind kind = SessionChangeKind::kUnknown;
  std::string_view name;
  std::string_view value;
  bool operator==(const SessionChange&) const = default;
};
// `block`: OkPacket::session_track.
std::optional<std::vector<SessionChange>> decode_session_track(std::string_view block);

// The OK packet as a server without CLIENT_SESSION_TRACK would have sent it: no block, no flag. `capabilities` are
// those under which `ok_body` was sent. std::nullopt when it is no OK packet.
std::optional<std::string> without_session_track(std::string_view ok_body, Capabilities capabilities);

// The OK packet without the tracked values of these system variables; without block and flag when nothing is left.
// std::nullopt when the packet or its block does not decode.
std::optional<std::string> without_tracked_variables(std::string_view ok_body, Capabilities capabilities,
                                                     absl::Span<const std::string_view> names);

}  // namespace schemaguard::parser::mysql
