#include "proxy/introspect/trust_probe.h"

#include <algorithm>
#include <optional>

#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"
#include "proxy/introspect/mysql_door.h"
#include "proxy/introspect/probe_connection.h"
#include "proxy/proxy_protocol/proxy_header.h"

namespace schemaguard::proxy::introspect {
namespace {

using policies::concatenate;

constexpr uint32_t kProtocolVersion = 3U << 16;
constexpr size_t kAnswerBytesMax = 30'000;
// Nobody has this login; a server that trusts the address says AuthenticationOk before it looks.
constexpr std::string_view kMadeUpUser = "schemaguard_probe_nobody";

void append_word(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xFF));
}

uint32_t read_word(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t index = 0; index < 4; ++index) value = (value << 8) | static_cast<unsigned char>(bytes[index]);
  return value;
}

std::string startup_packet(const std::string& user, const std::string& database) {
  std::string body;
  append_word(body, kProtocolVersion);
  for (const std::string_view text :
       {std::string_view("user"), std::string_view(user), std::string_view("database"), std::string_view(database),
        std::string_view("application_name"), std::string_view("schemaguard trust probe")}) {
    body.append(text);
    body.push_back('\0');
  }
  body.push_back('\0');
  std::string packet;
  append_word(packet, static_cast<uint32_t>(body.size() + 4));
  return packet + body;
}

struct Message {
  char type = '\0';
  std::string body;
};

absl::StatusOr<Message> read_message(ProbeConnection& connection) {
  const absl::StatusOr<std::string> header = connection.read(5);
  if (!header.ok()) return header.status();
  const uint32_t length = read_word(std::string_view(*header).substr(1));
  if (length < 4 || length > kAnswerBytesMax) return absl::InternalError("this is no PostgreSQL server");
  absl::StatusOr<std::string> body = connection.read(length - 4);
  if (!body.ok()) return body.status();
  return Message{.type = header->front(), .body = *std::move(body)};
}

// The M field of an ErrorResponse, printable.
std::string error_text(std::string_view body) {
  while (!body.empty() && body.front() != '\0') {
    const size_t end = body.find('\0');
    if (end == std::string_view::npos) break;
    if (body.front() == 'M') {
      std::string text(body.substr(1, std::min<size_t>(end - 1, 300)));
      std::replace_if(
          text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x20; }, ' ');
      return text;
    }
    body.remove_prefix(end + 1);
  }
  return "an error without a text";
}

void judge_answer(const Message& answer, DoorProbe& probe) {
  if (answer.type == 'E') {
    probe.state = DoorState::kRefused;
    probe.detail = error_text(answer.body);
  } else if (answer.type == 'R' && answer.body.size() >= 4) {
    const uint32_t code = read_word(answer.body);
    probe.state = code == 0 ? DoorState::kOpen : DoorState::kAsksForProof;
    probe.detail =
        code == 0 ? "the server let this login in without asking for anything" : "the server asks for a proof";
  } else {
    probe.detail = "the server's answer is not understood";
  }
}

void add_unless_listed(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

// The text that a pattern without wildcards stands for.
std::string unescaped(std::string_view pattern) {
  std::string text;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    text.push_back(pattern[at]);
  }
  return text;
}

std::vector<std::string> users_of(const ServerConfig& server) {
  std::vector<std::string> users = {std::string(kMadeUpUser)};
  if (server.guard_login) add_unless_listed(users, server.guard_login->user);
  for (const ServerConfig::Database& database : server.databases) {
    for (const policies::MigratorEntry& migrator : database.policy->options().migrators) {
      if (policies::glob_is_literal(migrator.user)) add_unless_listed(users, unescaped(migrator.user));
    }
  }
  return users;
}

std::vector<std::string> databases_of(const ServerConfig& server) {
  if (server.is_mysql()) return {""};
  std::vector<std::string> databases;
  for (const ServerConfig::Database& database : server.databases) {
    if (policies::glob_is_literal(database.name)) add_unless_listed(databases, unescaped(database.name));
  }
  add_unless_listed(databases, server.guard_login ? server.guard_login->database : std::string("postgres"));
  return databases;
}

}  // namespace

std::string_view door_state_name(DoorState state) {
  switch (state) {
    case DoorState::kAsksForProof:
      return "asks for a proof";
    case DoorState::kOpen:
      return "OPEN";
    case DoorState::kRefused:
      return "refused";
    case DoorState::kUnreachable:
      return "unreachable";
  }
  return "unreachable";
}

namespace {

DoorProbe probe_postgres_door(const Endpoint& address, const ServerConfig& server, const std::string& user,
                              const std::string& database, std::chrono::milliseconds timeout) {
  DoorProbe probe{.address = address.display(), .user = user, .database = database, .detail = ""};
  // Without addresses: a header of version 2 for a connection that belongs to nobody but the sender.
  const std::string header = server.proxy_protocol.send ? make_proxy_header("", 0, "", 0) : std::string();
  absl::StatusOr<ProbeConnection> connection = ProbeConnection::open(address, header, timeout);
  absl::Status status = connection.status();
  if (status.ok()) status = connection->negotiate_postgres_tls(address, server.upstream);
  if (status.ok()) status = connection->write(startup_packet(user, database));
  // A server of an older minor version may speak of options that it does not know before it asks.
  for (int turn = 0; status.ok() && turn < 2; ++turn) {
    const absl::StatusOr<Message> answer = read_message(*connection);
    status = answer.status();
    if (!answer.ok() || answer->type == 'v') continue;
    judge_answer(*answer, probe);
    return probe;
  }
  probe.detail = std::string(status.message());
  return probe;
}

}  // namespace

DoorProbe probe_door(const Endpoint& address, const ServerConfig& server, const std::string& user,
                     const std::string& database, std::chrono::milliseconds timeout) {
  return server.is_mysql() ? probe_mysql_door(address, server, user, timeout)
                           : probe_postgres_door(address, server, user, database, timeout);
}

std::vector<DoorProbe> probe_doors(const ServerConfig& server, std::chrono::milliseconds timeout) {
  std::vector<DoorProbe> probes;
  const std::vector<std::string> users = users_of(server);
  const std::vector<std::string> databases = databases_of(server);
  for (const Endpoint& address : server.upstream.addresses) {
    size_t attempts = 0;
    bool reachable = true;
    for (const std::string& user : users) {
      for (const std::string& database : databases) {
        if (!reachable || attempts++ >= kDoorsMax) break;
        probes.push_back(probe_door(address, server, user, database, timeout));
        reachable = probes.back().state != DoorState::kUnreachable;
      }
    }
  }
  return probes;
}

constexpr std::string_view kOpenDoorAdvice =
    " without a password when the login comes from this guard. Behind the guard every client comes from here, so "
    "anybody can log in as that user: ";
constexpr std::string_view kPostgresAdvice =
    "change pg_hba.conf for this address from trust, peer or cert to scram-sha-256";
constexpr std::string_view kMysqlAdvice =
    "give the account a password, and let no plugin (unix_socket, auth_socket) take the guard's own process for proof";

std::vector<std::string> open_door_warnings(const std::vector<DoorProbe>& probes) {
  std::vector<std::string> warnings;
  for (const DoorProbe& probe : probes) {
    if (probe.state != DoorState::kOpen) continue;
    const bool of_mysql = probe.database.empty();
    warnings.push_back(concatenate({"the database at ", probe.address, " lets user ", probe.user, " into ",
                                    of_mysql ? "the server" : "database ", probe.database, kOpenDoorAdvice,
                                    of_mysql ? kMysqlAdvice : kPostgresAdvice}));
  }
  return warnings;
}

}  // namespace schemaguard::proxy::introspect
