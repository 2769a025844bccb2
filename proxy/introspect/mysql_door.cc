#include "proxy/introspect/mysql_door.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "parser/mysql/greeting.h"
#include "parser/mysql/login_request.h"
#include "parser/mysql/packet_header.h"
#include "parser/mysql/server_packets.h"
#include "policies/rules/concatenate.h"
#include "proxy/introspect/probe_connection.h"
#include "proxy/proxy_protocol/proxy_header.h"

namespace schemaguard::proxy::introspect {
namespace {

namespace mysql = parser::mysql;
using policies::concatenate;

constexpr size_t kAnswerBytesMax = 64UL * 1024;
constexpr int kQuestionsMax = 4;
constexpr uint16_t kAccessDenied = 1045;
constexpr uint16_t kAccessDeniedWithoutPassword = 1698;
constexpr uint8_t kUtf8mb4 = 45;
constexpr std::string_view kNative = "mysql_native_password";

std::string printable(std::string_view text) {
  std::string line(text.substr(0, 300));
  std::replace_if(
      line.begin(), line.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x20; }, ' ');
  return line;
}

struct Packet {
  uint8_t sequence = 0;
  std::string body;
};

absl::StatusOr<Packet> read_packet(ProbeConnection& connection) {
  const absl::StatusOr<std::string> bytes = connection.read(mysql::kPacketHeaderBytes);
  if (!bytes.ok()) return bytes.status();
  const mysql::PacketHeader header = mysql::decode_packet_header(*bytes);
  if (header.length == 0 || header.length > kAnswerBytesMax) return absl::InternalError("this is no MySQL server");
  absl::StatusOr<std::string> body = connection.read(header.length);
  if (!body.ok()) return body.status();
  return Packet{.sequence = header.sequence, .body = *std::move(body)};
}

// A login without database and attributes, whose answer to the server's first question is empty.
std::string login_body(const std::string& user, uint32_t capabilities) {
  std::string body;
  const auto word = [&body](uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) body.push_back(static_cast<char>((value >> shift) & 0xFFU));
  };
  constexpr uint32_t kPacketLimit = 1U << 24U;
  constexpr size_t kReservedBytes = 23;
  word(capabilities);
  word(kPacketLimit);
  body.push_back(static_cast<char>(kUtf8mb4));
  body.append(kReservedBytes, '\0');
  body += user;
  body.push_back('\0');
  body.push_back('\0');  // the length of the answer
  body += kNative;
  body.push_back('\0');
  return body;
}

// What an empty password is for a plugin.
std::string_view empty_answer(std::string_view plugin) {
  constexpr std::string_view kZero("\0", 1);
  return plugin == "caching_sha2_password" || plugin == "sha256_password" ? kZero : std::string_view();
}

class Door {
 public:
  Door(ProbeConnection& connection, const Endpoint& address, const ServerConfig& server, DoorProbe& probe)
      : connection_(connection), address_(address), server_(server), probe_(probe) {}

  absl::Status knock() {
    absl::StatusOr<Packet> packet = read_packet(connection_);
    if (!packet.ok()) return packet.status();
    if (refuses(packet->body)) return absl::OkStatus();
    const std::optional<mysql::Greeting> greeting = mysql::decode_greeting(packet->body);
    if (!greeting) return absl::InternalError("this is no MySQL server");
    version_ = printable(greeting->plain_version());
    std::string login = login_body(probe_.user, mysql::kClientMySql | mysql::kClientProtocol41 |
                                                    mysql::kClientSecureConnection | mysql::kClientPluginAuth);
    uint8_t sequence = 1;
    if (const absl::Status status = encrypt(greeting->capabilities.base, login, sequence); !status.ok()) return status;
    if (const absl::Status status = connection_.write(mysql::encode_message(login, sequence)); !status.ok()) {
      return status;
    }
    for (int question = 0; question < kQuestionsMax; ++question) {
      packet = read_packet(connection_);
      if (!packet.ok()) return packet.status();
      if (judge_answer(packet->body)) return absl::OkStatus();
      const std::string answer = mysql::encode_message(answer_, static_cast<uint8_t>(packet->sequence + 1));
      if (const absl::Status status = connection_.write(answer); !status.ok()) return status;
    }
    say(DoorState::kAsksForProof, "the server goes on asking");
    return absl::OkStatus();
  }

 private:
  void say(DoorState state, std::string_view what) {
    probe_.state = state;
    probe_.detail = version_.empty() ? std::string(what) : concatenate({"server ", version_, ": ", what});
  }

  absl::Status encrypt(uint32_t offered, std::string& login, uint8_t& sequence) {
    // Like the guard itself, over TCP only.
    if (server_.upstream.tls == ServerTlsMode::kDisable || address_.is_unix()) return absl::OkStatus();
    if ((offered & mysql::kClientSsl) == 0) {
      if (server_.upstream.tls == ServerTlsMode::kPrefer) return absl::OkStatus();
      return absl::UnavailableError(concatenate({address_.display(), ": the server does not offer TLS"}));
    }
    login[1] = static_cast<char>(static_cast<uint8_t>(login[1]) | (mysql::kClientSsl >> 8U));
    const std::string request = mysql::encode_message(mysql::ssl_request(login), sequence++);
    if (const absl::Status status = connection_.write(request); !status.ok()) return status;
    return connection_.start_tls(address_, server_.upstream);
  }

  bool refuses(std::string_view body) {
    const std::optional<mysql::ErrPacket> error = mysql::decode_err(body);
    if (!error) return false;
    const bool asks = error->error == kAccessDenied || error->error == kAccessDeniedWithoutPassword;
    say(asks ? DoorState::kAsksForProof : DoorState::kRefused, printable(error->message));
    return true;
  }

  // False when the server asks on, and `answer_` is what to say.
  bool judge_answer(std::string_view body) {
    if (refuses(body)) return true;
    if (static_cast<uint8_t>(body.front()) == mysql::kOkHeader) {
      say(DoorState::kOpen, "the server let this login in without a password");
      return true;
    }
    const std::optional<mysql::AuthSwitchRequest> other = mysql::decode_auth_switch(body);
    if (other) {
      answer_ = empty_answer(other->plugin);
      return false;
    }
    say(DoorState::kAsksForProof, "the server asks for a proof");
    return true;
  }

  ProbeConnection& connection_;
  const Endpoint& address_;
  const ServerConfig& server_;
  DoorProbe& probe_;
  std::string version_;
  std::string_view answer_;
};

}  // namespace

DoorProbe probe_mysql_door(const Endpoint& address, const ServerConfig& server, const std::string& user,
                           std::chrono::milliseconds timeout) {
  DoorProbe probe{.address = address.display(), .user = user, .database = {}, .detail = {}};
  const std::string header = server.proxy_protocol.send ? make_proxy_header("", 0, "", 0) : std::string();
  absl::StatusOr<ProbeConnection> connection = ProbeConnection::open(address, header, timeout);
  absl::Status status = connection.status();
  if (status.ok()) status = Door(*connection, address, server, probe).knock();
  if (!status.ok()) {
    probe.state = DoorState::kUnreachable;
    probe.detail = std::string(status.message());
  }
  return probe;
}

}  // namespace schemaguard::proxy::introspect
