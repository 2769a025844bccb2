// Framing of client packets after the login (mysql-wire 1-5, 18, 51, 52).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "proxy/mysql/session_core.h"

namespace schemaguard::proxy::mysql {

using parser::mysql::Command;
using parser::mysql::kPacketBytesMax;
using parser::mysql::kPacketHeaderBytes;
using parser::mysql::PacketHeader;

namespace {

// Ordinary commands that may be on their way at once; more are read when some have been answered.
constexpr size_t kPipelinedMax = 128;

// Where a text follows that may be long.
bool holds_text(uint8_t command) {
  return command == static_cast<uint8_t>(Command::kQuery) || command == static_cast<uint8_t>(Command::kStmtPrepare);
}

}  // namespace

// Commands whose tail is data for the server: so many first bytes of the payload tell all that the guard needs.
size_t SessionCore::prefix_bytes(uint8_t command) {
  if (command == static_cast<uint8_t>(Command::kStmtExecute)) return 10;
  if (command == static_cast<uint8_t>(Command::kStmtBulkExecute)) return 7;
  if (command == static_cast<uint8_t>(Command::kStmtSendLongData)) return 7;
  return 0;
}

bool SessionCore::is_waiting() const {
  if (phase_ == Phase::kAuthenticating) return !answer_due_;
  // What is on its way already goes on; the next command waits.
  if (client_rest_ > 0 || client_chain_ || file_follows_ || answer_due_) return false;
  if (held_ || pending_.size() >= kPipelinedMax) return true;
  for (const PendingCommand& command : pending_) {
    if (command.holds_back()) return true;
  }
  return false;
}

void SessionCore::process_client(Text in) {
  while (!in.empty() && !quit_) {
    switch (phase_) {
      case Phase::kAwaitLogin:
        in.remove_prefix(login_from_client(in));
        break;
      case Phase::kAuthenticating:
      case Phase::kReady:
        if (is_waiting()) {
          client_backlog_.append(in);
          return;
        }
        in.remove_prefix(take_client_packet(in));
        break;
      case Phase::kClientTls:
        protocol_violation("schemaguard: plain bytes behind a request for TLS");
        return;
      case Phase::kConnecting:
      case Phase::kGreeting:
      case Phase::kUpstreamTls:
        client_backlog_.append(in);
        return;
      case Phase::kClosing:
        return;
    }
  }
}

void SessionCore::resume_client() {
  if (client_backlog_.empty() || is_waiting()) return;
  // The output may point into these bytes until it has been written.
  const Text backlog = to_server_.keep(std::exchange(client_backlog_, std::string()));
  process_client(backlog);
}

bool SessionCore::reserve(size_t bytes) {
  // Texts beyond the size of a read are counted against the budget of all sessions.
  if (bytes <= reserved_bytes_ + settings_.config->limits.authentication_bytes_max) return true;
  const size_t step = bytes - reserved_bytes_;
  if (!services_.reserve_held_bytes(step)) return false;
  reserved_bytes_ += step;
  return true;
}

void SessionCore::release_reserved() {
  if (reserved_bytes_ == 0) return;
  services_.release_held_bytes(reserved_bytes_);
  reserved_bytes_ = 0;
}

bool SessionCore::header_is_acceptable(PacketHeader header, bool first) {
  const auto expected = static_cast<uint8_t>(first ? 0 : client_sequence_ + 1);
  if (header.sequence != expected) {
    services_.count("protocol_violations");
    closing_sequence_ = 0xFF;  // the server itself answers with number 0 (mysql-wire 4)
    close_with(parser::mysql::kErrPacketsOutOfOrder, "08S01", "Got packets out of order");
    return false;
  }
  client_sequence_ = closing_sequence_ = header.sequence;
  return true;
}

size_t SessionCore::stream_client_rest(Text in) {
  const size_t taken = std::min(in.size(), client_rest_);
  if (!client_rest_dropped_) to_server_.borrow(in.substr(0, taken));
  client_rest_ -= taken;
  if (client_rest_ == 0 && !client_chain_ && !refusal_.empty()) to_client_.own(std::exchange(refusal_, std::string()));
  return taken;
}

size_t SessionCore::take_client_packet(Text in) {
  if (client_rest_ > 0) return stream_client_rest(in);
  if (answer_due_) return answer_from_client(in);
  if (!client_chain_ && !file_follows_) return start_command(in);
  // The next packet of a message, or of a file, that is passed on.
  const size_t taken = std::min(in.size(), kPacketHeaderBytes - client_partial_.size());
  client_partial_.append(in.substr(0, taken));
  if (client_partial_.size() < kPacketHeaderBytes) return taken;
  const PacketHeader header = parser::mysql::decode_packet_header(client_partial_);
  const bool continued = std::exchange(client_chain_, header.continues());
  // A packet out of order would end the file for the server, and the next one would be a command.
  if (!header_is_acceptable(header, false)) return in.size();
  client_rest_ = header.length;
  if (client_rest_dropped_) {
    client_partial_.clear();
    if (!refusal_.empty()) refusal_[3] = static_cast<char>(client_sequence_ + 1);
  } else {
    to_server_.own(std::exchange(client_partial_, std::string()));
  }
  // An empty packet ends the file, unless it only ends a chain of full ones.
  if (file_follows_ && header.length == 0 && !continued) file_follows_ = false;
  if (client_rest_ == 0) stream_client_rest({});
  return taken;
}

size_t SessionCore::start_command(Text in) {
  if (!client_partial_.empty() || in.size() <= kPacketHeaderBytes) return gather_command(in);
  const PacketHeader header = parser::mysql::decode_packet_header(in);
  const size_t total = kPacketHeaderBytes + header.length;
  const size_t here = std::min(in.size(), total);
  const size_t prefix = prefix_bytes(static_cast<uint8_t>(in[kPacketHeaderBytes]));
  // Long ones are gathered, however much of them has come at once: that is where the limits are.
  const bool whole = here == total && !header.continues() && total <= settings_.config->limits.authentication_bytes_max;
  if (header.length == 0 || (!whole && (prefix == 0 || here < kPacketHeaderBytes + prefix))) return gather_command(in);
  if (!header_is_acceptable(header, true)) return in.size();
  on_command({.message = in.substr(0, here),
              .payload = in.substr(kPacketHeaderBytes, here - kPacketHeaderBytes),
              .rest_bytes = total - here,
              .continues = header.continues(),
              .sequence = header.sequence});
  return here;
}

size_t SessionCore::gather_command(Text in) {
  size_t taken = 0;
  const auto take = [&](size_t until) {
    const size_t more = std::min(in.size() - taken, until - client_partial_.size());
    client_partial_.append(in.substr(taken, more));
    taken += more;
    return client_partial_.size() == until;
  };
  const size_t body_at = client_packet_at_ + kPacketHeaderBytes;
  const bool had_header = client_partial_.size() >= body_at;
  if (!had_header && !take(body_at)) return taken;
  const PacketHeader header = parser::mysql::decode_packet_header(Text(client_partial_).substr(client_packet_at_));
  if (!had_header && !header_is_acceptable(header, client_packet_at_ == 0)) return in.size();
  if (client_packet_at_ == 0 && header.length > 0 && !take(std::max(client_partial_.size(), body_at + 1))) return taken;

  const uint8_t byte = header.length == 0 && client_packet_at_ == 0
                           ? uint8_t{0}
                           : static_cast<uint8_t>(client_partial_[kPacketHeaderBytes]);
  const Limits& limits = settings_.config->limits;
  size_t wanted = header.length;
  if (const size_t prefix = prefix_bytes(byte); prefix != 0) wanted = std::min(wanted, prefix);
  const size_t most = holds_text(byte) ? limits.message_bytes_max : limits.authentication_bytes_max;
  if (body_at + wanted > most || !reserve(body_at + wanted)) {
    const Text message = to_server_.keep(std::exchange(client_partial_, std::string()));
    client_text_ = std::string();
    client_packet_at_ = 0;
    const ClientCommand command{.message = message,
                                .payload = message.substr(kPacketHeaderBytes),
                                .rest_bytes = body_at + header.length - message.size(),
                                .continues = header.continues(),
                                .sequence = header.sequence};
    if (holds_text(byte)) {
      ++message_number_;
      on_unreadable(command, body_at + wanted > most ? "message_bytes_max" : "memory_budget");
    } else {
      close_with(parser::mysql::kErrPacketTooLarge, "08S01",
                 "Got a packet bigger than the guard allows for this command");
    }
    if (!held_) release_reserved();
    return taken;
  }
  // Grows with what arrives, never at once with what a length claims.
  if (!take(body_at + wanted)) return taken;
  if (header.continues() && prefix_bytes(byte) == 0) {
    client_text_.append(Text(client_partial_).substr(body_at));
    client_packet_at_ = client_partial_.size();
    return taken;
  }
  on_gathered();
  return taken;
}

void SessionCore::on_gathered() {
  const PacketHeader last = parser::mysql::decode_packet_header(Text(client_partial_).substr(client_packet_at_));
  const size_t body_at = client_packet_at_ + kPacketHeaderBytes;
  const size_t rest = body_at + last.length - client_partial_.size();
  const bool chained = client_packet_at_ > 0;
  if (chained) client_text_.append(Text(client_partial_).substr(body_at));
  client_packet_at_ = 0;
  const Text message = to_server_.keep(std::exchange(client_partial_, std::string()));
  const std::string joined = std::exchange(client_text_, std::string());
  on_command({.message = message,
              .payload = chained ? Text(joined) : message.substr(kPacketHeaderBytes),
              .rest_bytes = rest,
              .continues = last.continues(),
              .sequence = last.sequence});
  if (!held_) release_reserved();
}

void SessionCore::forward(const ClientCommand& command) {
  to_server_.borrow(command.message);
  client_rest_ = command.rest_bytes;
  client_chain_ = command.continues;
  client_rest_dropped_ = false;
}

void SessionCore::drop_message(const ClientCommand& command, uint16_t error, std::string_view sqlstate,
                               std::string_view message) {
  client_rest_ = command.rest_bytes;
  client_chain_ = command.continues;
  client_rest_dropped_ = client_rest_ > 0 || client_chain_;
  std::string packet = parser::mysql::encode_err(error, sqlstate, message, static_cast<uint8_t>(command.sequence + 1));
  if (client_rest_dropped_) {
    refusal_ = std::move(packet);  // when the client has sent all of it (mysql-wire 2)
  } else {
    to_client_.own(std::move(packet));
  }
}

void SessionCore::hold(const ClientCommand& command, std::string_view unreadable) {
  --message_number_;  // it is counted again when it is taken up again
  held_ = HeldCommand{.message = std::string(command.message),
                      .rest_bytes = command.rest_bytes,
                      .unreadable = std::string(unreadable),
                      .tickets = {},
                      .ready = {}};
}

ClientCommand SessionCore::with_message(Text message, size_t rest_bytes) {
  ClientCommand command{.message = message, .payload = message.substr(kPacketHeaderBytes), .rest_bytes = rest_bytes};
  for (Text rest = message; rest.size() >= kPacketHeaderBytes;) {
    const PacketHeader header = parser::mysql::decode_packet_header(rest);
    command.sequence = header.sequence;
    command.continues = header.continues();
    rest.remove_prefix(std::min(rest.size(), kPacketHeaderBytes + header.length));
  }
  return command;
}

void SessionCore::retry_held() {
  if (!held_ || held_->ready || held_->job != 0 || !pending_.empty()) return;
  const HeldCommand held = *std::exchange(held_, std::nullopt);
  ClientCommand command = with_message(to_server_.keep(held.message), held.rest_bytes);
  if (!held.unreadable.empty()) {
    // Only its beginning is here.
    ++message_number_;
    on_unreadable(command, held.unreadable);
    if (!held_) release_reserved();
    return;
  }
  // The joined text of a message of several packets was not kept.
  std::string joined;
  if (command.message.size() > kPacketHeaderBytes + kPacketBytesMax) {
    for (Text rest = command.message; rest.size() >= kPacketHeaderBytes;) {
      const PacketHeader header = parser::mysql::decode_packet_header(rest);
      const Text part = rest.substr(kPacketHeaderBytes, header.length);
      joined.append(part);
      rest.remove_prefix(kPacketHeaderBytes + part.size());
    }
    command.payload = joined;
  }
  on_command(command);
  if (!held_) release_reserved();
}

}  // namespace schemaguard::proxy::mysql
