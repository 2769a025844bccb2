// Whole sessions as a real MySQL 9.7 has had them, played through the guard (mysql-wire 10, 12, 13, 19, 21, 24-27, 30,
// 40, 44, evasion M11, M13, M25). What the server said then it says again; the client must see every byte of it, and
// the server every byte of the client. recorded_sessions.corpus is written by tests/e2e/mysql/record_mysql.py.
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/escaping.h"
#include "parser/mysql/greeting.h"
#include "parser/mysql/login_request.h"
#include "parser/mysql/packet_header.h"
#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::kPacketHeaderBytes;

struct Line {
  char kind = ' ';  // '>', '<', '=', or 't' for the handshakes of TLS
  std::string packet;
};
struct Recorded {
  std::string name;
  std::vector<Line> lines;
};

std::vector<Recorded> read_corpus() {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/proxy/mysql/recorded_sessions.corpus");
  std::vector<Recorded> sessions;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) continue;
    if (line.starts_with(": ")) {
      sessions.push_back({line.substr(2), {}});
    } else if (line == "tls") {
      sessions.back().lines.push_back({'t', {}});
    } else {
      sessions.back().lines.push_back({line[0], absl::HexStringToBytes(line.substr(2))});
    }
  }
  return sessions;
}

std::string_view body_of(const std::string& packet) { return std::string_view(packet).substr(kPacketHeaderBytes); }

// The packets from `at` on that go in the same direction, as one feed.
std::string run_of(const Recorded& session, size_t& at) {
  const char kind = session.lines[at].kind;
  std::string bytes;
  for (; at < session.lines.size() && session.lines[at].kind == kind; ++at) bytes += session.lines[at].packet;
  return bytes;
}

void greet(SessionScript& script, const std::string& greeting, bool tls) {
  script.does([](Session& session) {
    session.step_done();
    session.on_upstream_connected("127.0.0.1:3306");
  });
  const auto seen = parser::mysql::masked_greeting(body_of(greeting), parser::mysql::kDecodedCapabilities, 0, tls);
  ASSERT_TRUE(seen.has_value());
  script.server(greeting, packet(*seen, 0));
}

// TLS on both legs: the request, two handshakes, the login.
void log_in_by_tls(SessionScript& script, const std::string& request, const std::string& login) {
  script.client(request, {});
  script.does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kStartClientTls);
    session.step_done();
    session.on_client_tls("");
  });
  script.client(login, request);
  script.does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kStartUpstreamTls);
    session.step_done();
  });
  script.acts([](Session& session, ScriptServices&) { session.on_upstream_tls(); }, login);
}

bool is_tracked_next(const Recorded& session, size_t at) {
  return at < session.lines.size() && session.lines[at].kind == '=';
}

void play(const Recorded& session) {
  SCOPED_TRACE(session.name);
  const bool tls = session.lines.size() > 2 && session.lines[2].kind == 't';
  SessionScript script;
  if (tls) {
    script.server_config.tls.mode = ClientTlsMode::kAllow;
    script.server_config.upstream.tls = ServerTlsMode::kRequire;
  }
  greet(script, session.lines[0].packet, tls);
  size_t at = 1;
  if (tls) {
    log_in_by_tls(script, session.lines[1].packet, session.lines[3].packet);
    at = 4;
  }
  while (at < session.lines.size()) {
    const char kind = session.lines[at].kind;
    const std::string bytes = run_of(session, at);
    if (kind == '>') {
      script.client_passes(bytes);
    } else if (kind == '=') {
      script.server(bytes, {});
    } else {
      script.server_releases(bytes, is_tracked_next(session, at) ? tracking_request() : std::string());
    }
  }
  script.play();
}

TEST(MySqlRecordedSessions, Wire24EveryByteIsRelayed) {
  const std::vector<Recorded> sessions = read_corpus();
  ASSERT_GE(sessions.size(), 15U);
  for (const Recorded& session : sessions) {
    play(session);
    if (HasFailure()) return;
  }
}

TEST(MySqlRecordedSessions, Wire26PasswordUnderTheServersKeyPassesWithoutTls) {
  const std::vector<Recorded> sessions = read_corpus();
  const Recorded& full = sessions.at(0);
  EXPECT_EQ(body_of(full.lines.at(2).packet), "\1\4");
  EXPECT_EQ(body_of(full.lines.at(3).packet), "\2");
  EXPECT_NE(full.lines.at(4).packet.find("BEGIN PUBLIC KEY"), std::string::npos);
  EXPECT_EQ(body_of(full.lines.at(5).packet).size(), 256U);
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
