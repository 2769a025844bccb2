#include "parser/mysql/session_track.h"

#include <algorithm>

#include "parser/mysql/body_reader.h"
#include "parser/mysql/server_packets.h"

namespace schemaguard::parser::mysql {
namespace {

constexpr uint8_t kVariablesType = 0;

bool read_entry(uint8_t type, std::string_view data, std::vector<SessionChange>& changes) {
  constexpr SessionChangeKind kKinds[] = {SessionChangeKind::kSystemVariable,
                                          SessionChangeKind::kSchema,
                                          SessionChangeKind::kStateChange,
                                          SessionChangeKind::kGtids,
                                          SessionChangeKind::kTransactionCharacteristics,
                                          SessionChangeKind::kTransactionState};
  if (type >= std::size(kKinds)) {
    changes.push_back({SessionChangeKind::kUnknown, {}, data});
    return true;
  }
  BodyReader reader(data);
  SessionChange change{kKinds[type], {}, {}};
  if (change.kind == SessionChangeKind::kStateChange) {  // the one entry without a length of its own
    change.value = data;
    changes.push_back(change);
    return data.size() == 1;
  }
  if (change.kind == SessionChangeKind::kGtids) reader.skip(1);  // how the rest is encoded: always as text
  do {
    if (change.kind == SessionChangeKind::kSystemVariable) change.name = reader.length_encoded_string();
    change.value = reader.length_encoded_string();
    if (!reader.ok() || changes.size() == kSessionChangesMax) return false;
    changes.push_back(change);
  } while (change.kind == SessionChangeKind::kSystemVariable && reader.remaining() > 0);
  return reader.finished();
}

std::string encode_variable(const SessionChange& change) {
  std::string pair;
  BodyWriter::append_length_encoded_string(pair, change.name);
  BodyWriter::append_length_encoded_string(pair, change.value);
  return pair;
}

// What is left of one entry with variables; nothing when all are taken away.
void append_kept_variables(std::string& block, const std::vector<SessionChange>& changes,
                           absl::Span<const std::string_view> names) {
  std::string kept;
  for (const SessionChange& change : changes) {
    if (std::find(names.begin(), names.end(), change.name) == names.end()) kept += encode_variable(change);
  }
  if (kept.empty()) return;
  BodyWriter::append_uint1(block, kVariablesType);
  BodyWriter::append_length_encoded_string(block, kept);
}

// The packet with another block in place of its own.
std::string with_block(const OkPacket& ok, uint8_t header, std::string_view block) {
  OkPacket changed = ok;
  changed.session_track = block;
  if (block.empty()) changed.status = static_cast<uint16_t>(ok.status & ~kStatusSessionStateChanged);
  return encode_ok_body(changed, header);
}

}  // namespace

std::optional<std::vector<SessionChange>> decode_session_track(std::string_view block) {
  BodyReader reader(block);
  std::vector<SessionChange> changes;
  while (reader.remaining() > 0) {
    const uint8_t type = reader.uint1();
    const std::string_view data = reader.length_encoded_string();
    if (!reader.ok() || changes.size() == kSessionChangesMax || !read_entry(type, data, changes)) return std::nullopt;
  }
  return changes;
}

std::optional<std::string> without_session_track(std::string_view ok_body, Capabilities capabilities) {
  const std::optional<OkPacket> ok = decode_ok(ok_body, capabilities);
  if (!ok.has_value()) return std::nullopt;
  return with_block(*ok, static_cast<uint8_t>(ok_body[0]), {});
}

std::optional<std::string> without_tracked_variables(std::string_view ok_body, Capabilities capabilities,
                                                     absl::Span<const std::string_view> names) {
  const std::optional<OkPacket> ok = decode_ok(ok_body, capabilities);
  if (!ok.has_value()) return std::nullopt;
  if (ok->track_at == 0) return std::string(ok_body);
  BodyReader reader(ok->session_track);
  std::string block;
  while (reader.remaining() > 0) {
    const uint8_t type = reader.uint1();
    const std::string_view data = reader.length_encoded_string();
    std::vector<SessionChange> changes;
    if (!reader.ok() || !read_entry(type, data, changes)) return std::nullopt;
    if (type == kVariablesType) {
      append_kept_variables(block, changes, names);
    } else {
      BodyWriter::append_uint1(block, type);
      BodyWriter::append_length_encoded_string(block, data);
    }
  }
  return with_block(*ok, static_cast<uint8_t>(ok_body[0]), block);
}

}  // namespace schemaguard::parser::mysql
