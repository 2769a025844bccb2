// Any bytes as any packet of a MySQL server: never a crash; what is encoded again says the same; what is stripped of
// its session-track block is an OK that a client without session tracking reads.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "parser/mysql/server_packets.h"
#include "parser/mysql/session_track.h"

namespace {

using namespace schemaguard::parser::mysql;

constexpr Capabilities kTracked{kClientProtocol41 | kClientSessionTrack | kClientDeprecateEof, 0};
constexpr Capabilities kUntracked{kClientProtocol41 | kClientDeprecateEof, 0};

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_ok(std::string_view body) {
  const auto ok = decode_ok(body, kTracked);
  demand(without_session_track(body, kTracked).has_value() == ok.has_value());
  if (!ok.has_value()) return;
  const std::string stripped = *without_session_track(body, kTracked);
  const auto rest = decode_ok(stripped, kUntracked);
  demand(rest.has_value() && rest->affected_rows == ok->affected_rows && rest->info == ok->info);
  demand((rest->status & kStatusSessionStateChanged) == 0 && rest->warnings == ok->warnings);
  const std::string_view names[] = {"sql_mode", "character_set_client"};
  const auto fewer = without_tracked_variables(body, kTracked, names);
  if (!fewer.has_value()) return;
  const auto kept = decode_ok(*fewer, kTracked);
  demand(kept.has_value());
  const auto changes = decode_session_track(kept->session_track);
  if (!changes.has_value()) return;
  for (const SessionChange& change : *changes) {
    demand(change.kind != SessionChangeKind::kSystemVariable || change.name != "sql_mode");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data)), size);
  check_ok(body);
  decode_ok(body, kUntracked);
  decode_eof(body);
  const auto err = decode_err(body);
  if (err.has_value() && !err->is_progress()) {
    demand(encode_err_body(err->error, err->sqlstate, err->message) == body);
  }
  decode_prepare_ok(body, kUntracked);
  decode_prepare_ok(body, {kClientProtocol41 | kClientOptionalResultsetMetadata, 0});
  decode_auth_switch(body);
  decode_auth_next_factor(body);
  decode_auth_more_data(body);
  decode_local_infile(body);
  decode_session_track(body);
  return 0;
}
