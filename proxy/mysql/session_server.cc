// Framing of the server's packets and their pairing with commands. Rows are passed on without a look (mysql-wire 40,
// 50).
#include <algorithm>
#include <utility>

#include "parser/mysql/session_track.h"
#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::mysql::kPacketHeaderBytes;
using parser::mysql::PacketHeader;

void SessionCore::process_server(Text in) {
  while (!in.empty()) {
    switch (phase_) {
      case Phase::kGreeting:
      case Phase::kAuthenticating:
        in.remove_prefix(login_from_server(in));
        break;
      case Phase::kReady:
        in.remove_prefix(take_server_packet(in));
        break;
      case Phase::kConnecting:
      case Phase::kAwaitLogin:
      case Phase::kClientTls:
      case Phase::kUpstreamTls:
        // It has said what it has to say, and waits for us: whatever this is, it is no answer.
        protocol_violation("schemaguard: the server speaks out of turn");
        return;
      case Phase::kClosing:
        return;
    }
  }
}

size_t SessionCore::wanted_of(PacketHeader header, Text prefix) {
  if (!pending_.empty()) {
    const PendingCommand& command = pending_.front();
    const size_t wanted = command.reply.wanted_bytes(header, prefix);
    return command.asks_server ? std::max<size_t>(wanted, std::min<size_t>(header.length, kServerRowBytes)) : wanted;
  }
  return std::min<size_t>(header.length, settings_.config->limits.authentication_bytes_max);
}

size_t SessionCore::take_server_packet(Text in) {
  if (server_rest_ > 0) {
    const size_t taken = std::min(in.size(), server_rest_);
    if (!server_rest_swallowed_) to_client_.borrow(in.substr(0, taken));
    server_rest_ -= taken;
    return taken;
  }
  if (server_partial_.empty() && in.size() >= kPacketHeaderBytes) {
    const PacketHeader header = parser::mysql::decode_packet_header(in);
    const Text payload = in.substr(kPacketHeaderBytes, header.length);
    if (payload.size() >= wanted_of(header, payload)) {
      on_server_packet(header, in.substr(0, kPacketHeaderBytes + payload.size()), payload);
      return kPacketHeaderBytes + payload.size();
    }
  }
  // Not enough of it to tell what it is: keep what is here.
  size_t taken = 0;
  const auto take = [&](size_t until) {
    const size_t more = std::min(in.size() - taken, until - server_partial_.size());
    server_partial_.append(in.substr(taken, more));
    taken += more;
    return server_partial_.size() >= until;
  };
  if (!take(std::max(server_partial_.size(), kPacketHeaderBytes))) return taken;
  const PacketHeader header = parser::mysql::decode_packet_header(server_partial_);
  while (true) {
    const Text prefix = Text(server_partial_).substr(kPacketHeaderBytes);
    const size_t wanted = wanted_of(header, prefix);
    if (prefix.size() >= wanted) break;
    if (!take(kPacketHeaderBytes + wanted)) return taken;
  }
  const Text packet = to_client_.keep(std::exchange(server_partial_, std::string()));
  on_server_packet(header, packet, packet.substr(kPacketHeaderBytes));
  return taken;
}

void SessionCore::on_server_packet(PacketHeader header, Text packet, Text payload) {
  if (pending_.empty()) {
    on_unsolicited(header, packet, payload);
    return;
  }
  PendingCommand& command = pending_.front();
  const parser::mysql::ReplyEvent event = command.reply.on_packet(header, payload);
  if (event == parser::mysql::ReplyEvent::kViolation) {
    protocol_violation("schemaguard: an answer of the server fits no command");
    return;
  }
  // Not for the client to see, where nobody asked to send a file: the server is after the client's own (mysql-wire 18).
  if (event == parser::mysql::ReplyEvent::kLocalInfile && !command.may_ask_file && !command.forgets) {
    protocol_violation("schemaguard: the server asks for a file that no statement has offered");
    return;
  }
  if (event == parser::mysql::ReplyEvent::kAuthentication && !admit_authentication(payload)) return;
  // Before the client sees it: where the report cannot be read, an error takes its place.
  if (!apply_report(command, event)) return;
  server_rest_ = header.length - payload.size();
  server_rest_swallowed_ = command.internal;
  if (!command.internal) pass_to_client(header, packet, command);
  if (command.asks_server && payload.size() == header.length) on_server_row(payload);
  if (phase_ == Phase::kClosing) return;
  if (event != parser::mysql::ReplyEvent::kContinue) on_reply_event(event, header);
}

void SessionCore::pass_to_client(PacketHeader header, Text packet, const PendingCommand& command) {
  closing_sequence_ = header.sequence;
  const parser::mysql::OkPacket* ok = command.reply.ok();
  if (ok != nullptr && (ok->status & parser::mysql::kStatusSessionStateChanged) != 0) {
    if (const auto shown = without_forced_tracking(packet.substr(kPacketHeaderBytes))) {
      to_client_.own(parser::mysql::encode_message(*shown, header.sequence));
      return;
    }
  }
  to_client_.borrow(packet);
}

std::optional<std::string> SessionCore::without_forced_tracking(Text ok_body) const {
  if (!server_capabilities_.has(parser::mysql::kClientSessionTrack)) return std::nullopt;
  if (!client_capabilities_.has(parser::mysql::kClientSessionTrack)) {
    return parser::mysql::without_session_track(ok_body, server_capabilities_);
  }
  absl::InlinedVector<std::string_view, 2> hidden;
  if (!client_tracks_.sql_mode) hidden.push_back("sql_mode");
  if (!client_tracks_.character_set) hidden.push_back("character_set_client");
  if (hidden.empty()) return std::nullopt;
  return parser::mysql::without_tracked_variables(ok_body, server_capabilities_, hidden);
}

void SessionCore::on_unsolicited(PacketHeader header, Text packet, Text payload) {
  const auto error = parser::mysql::decode_err(payload);
  if (!error || payload.size() < header.length) {
    protocol_violation("schemaguard: the server speaks out of turn");
    return;
  }
  // "The client was disconnected because of inactivity": its last words (mysql-wire 50).
  to_client_.borrow(packet);
  phase_ = Phase::kClosing;
  step_ = Step::kFlushThenClose;
}

}  // namespace schemaguard::proxy::mysql
