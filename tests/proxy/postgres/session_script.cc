#include "tests/proxy/postgres/session_script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "parser/postgres/backend_messages.h"
#include "parser/postgres/frontend_messages.h"
#include "parser/postgres/message_body.h"
#include "parser/postgres/protocol_format.h"
#include "parser/postgres/startup_packet.h"

namespace schemaguard::proxy::postgres {

using parser::postgres::MessageBuilder;

std::string message(char type, std::string_view body) {
  std::string out;
  MessageBuilder::put_message(out, type, body);
  return out;
}

std::string startup(std::vector<std::pair<std::string, std::string>> parameters, uint32_t minor) {
  return parser::postgres::encode_startup_message(parser::postgres::protocol_version(3, minor), parameters);
}
std::string query(std::string_view text) { return parser::postgres::encode_query(text); }
std::string parse(std::string_view name, std::string_view text) { return parser::postgres::encode_parse(name, text); }
std::string bind(std::string_view portal, std::string_view statement) {
  return parser::postgres::encode_bind(portal, statement);
}
std::string describe(char kind, std::string_view name) {
  return message('D', std::string(1, kind) + std::string(name) + '\0');
}
std::string execute(std::string_view portal, uint32_t rows) {
  std::string body;
  MessageBuilder::put_cstring(body, portal);
  MessageBuilder::put_uint32(body, rows);
  return message('E', body);
}
std::string close(char kind, std::string_view name) {
  return message('C', std::string(1, kind) + std::string(name) + '\0');
}
std::string sync() { return message('S', {}); }
std::string flush() { return message('H', {}); }
std::string terminate() { return message('X', {}); }
std::string copy_data(std::string_view data) { return message('d', data); }
std::string copy_done() { return message('c', {}); }
std::string copy_fail() { return message('f', std::string("no\0", 3)); }
std::string function_call(uint32_t oid) { return parser::postgres::encode_function_call(oid); }

std::string authentication_ok() { return message('R', std::string(4, '\0')); }
std::string parameter_status(std::string_view name, std::string_view value) {
  return message('S', std::string(name) + '\0' + std::string(value) + '\0');
}
std::string key_data(uint32_t process_id, std::string_view secret) {
  return parser::postgres::encode_backend_key_data(process_id, secret);
}
std::string ready(char status) { return message('Z', std::string(1, status)); }
std::string complete(std::string_view tag) { return message('C', std::string(tag) + '\0'); }
std::string data_row() { return message('D', std::string("\0\1\0\0\0\1x", 7)); }
std::string error(std::string_view sqlstate, std::string_view text, std::string_view severity) {
  std::string body = "S" + std::string(severity) + '\0' + "V" + std::string(severity) + '\0' + "C" +
                     std::string(sqlstate) + '\0' + "M" + std::string(text) + '\0' + "P1" + '\0' + '\0';
  return message('E', body);
}
std::string parse_complete() { return message('1', {}); }
std::string bind_complete() { return message('2', {}); }
std::string close_complete() { return message('3', {}); }
std::string no_data() { return message('n', {}); }
std::string copy_in_response() { return message('G', std::string("\0\0\1\0\0", 5)); }

std::string notice(std::string_view text) {
  std::string bytes = error("00000", text, "NOTICE");
  bytes[0] = 'N';
  return bytes;
}
std::string row_description() { return message('T', std::string("\0\0", 2)); }

namespace {

std::string token_in(std::string_view bytes) {
  const size_t at = bytes.find("sg_");
  return at == std::string_view::npos ? std::string() : std::string(bytes.substr(at, 19));
}

}  // namespace

SessionScript::SessionScript() {
  server_config.name = "shop";
  server_config.upstream.tls = ServerTlsMode::kDisable;
  policy_options.server = "shop";
  policy_options.migrators.push_back({.user = "deploy", .from = {}, .certificate = {}});
  origin.address = "10.0.0.7";
  origin.port = 5000;
  origin.listener = "127.0.0.1:6432";
}

SessionScript& SessionScript::add(Leg leg, std::string bytes, std::string to_server, std::string to_client) {
  entries_.push_back({.leg = leg,
                      .bytes = std::move(bytes),
                      .to_server = [to_server](const std::string&) { return to_server; },
                      .to_client = [to_client](const std::string&) { return to_client; },
                      .message = {},
                      .sqlstate = {},
                      .action = {}});
  return *this;
}

SessionScript& SessionScript::client(std::string bytes, std::string to_server, std::string to_client) {
  return add(Leg::kClient, std::move(bytes), std::move(to_server), std::move(to_client));
}

SessionScript& SessionScript::server(std::string bytes, std::string to_client, std::string to_server) {
  return add(Leg::kServer, std::move(bytes), std::move(to_server), std::move(to_client));
}

SessionScript& SessionScript::acts(std::function<void(Session&, ScriptServices&)> action, std::string to_server,
                                   std::string to_client) {
  add(Leg::kAction, {}, std::move(to_server), std::move(to_client));
  entries_.back().action = std::move(action);
  return *this;
}

SessionScript& SessionScript::sets_mode(policies::Mode wanted) {
  return expects([wanted](Session&, ScriptServices& services) { services.guard_view.mode = wanted; });
}

SessionScript& SessionScript::expects_outcomes(std::vector<policies::Outcome> outcomes) {
  return expects([outcomes](Session&, ScriptServices& services) { EXPECT_EQ(outcomes_of(services), outcomes); });
}

SessionScript& SessionScript::client_ends_session(std::string bytes, std::string sqlstate) {
  add(Leg::kClient, std::move(bytes), {}, {});
  entries_.back().sqlstate = std::move(sqlstate);
  return *this;
}

SessionScript& SessionScript::server_ends_session(std::string bytes, std::string sqlstate) {
  add(Leg::kServer, std::move(bytes), {}, {});
  entries_.back().sqlstate = std::move(sqlstate);
  return *this;
}

SessionScript& SessionScript::query_refused(std::string_view text, std::string rule) {
  return client_refused(query(text), [rule](const std::string& token) { return query(token + " /* " + rule + " */"); });
}

SessionScript& SessionScript::parse_refused(std::string_view name, std::string_view text, std::string rule) {
  return client_refused(parse(name, text), [rule, name = std::string(name)](const std::string& token) {
    return parse(name, token + " /* " + rule + " */");
  });
}

SessionScript& SessionScript::server_releases(std::string bytes,
                                              std::function<std::string(const std::string&)> substitute) {
  server_passes(std::move(bytes));
  entries_.back().to_server = std::move(substitute);
  return *this;
}

SessionScript& SessionScript::bind_refused(const std::string& portal, const std::string& statement,
                                           const std::string& then) {
  using parser::postgres::encode_bind;
  return client_refused(encode_bind(portal, statement) + then,
                        [portal, then](const std::string& token) { return encode_bind(portal, token) + then; });
}

SessionScript& SessionScript::client_passes(std::string bytes) { return client(bytes, bytes); }
SessionScript& SessionScript::server_passes(std::string bytes) { return server(bytes, bytes); }

SessionScript& SessionScript::client_refused(std::string bytes,
                                             std::function<std::string(const std::string&)> substitute) {
  entries_.push_back({.leg = Leg::kClient,
                      .bytes = std::move(bytes),
                      .to_server = std::move(substitute),
                      .to_client = [](const std::string&) { return std::string(); },
                      .message = {},
                      .sqlstate = {},
                      .action = {}});
  return *this;
}

SessionScript& SessionScript::server_rejects(char type, std::string_view text, std::string rest) {
  std::string sqlstate = "42601";
  if (type == 'B') sqlstate = "26000";
  if (type == 'E') sqlstate = "34000";
  if (type == 'F') sqlstate = "42883";
  entries_.push_back({.leg = Leg::kServer,
                      .bytes = sqlstate,
                      .to_server = {},
                      .to_client = [rest](const std::string&) { return rest; },
                      .message = std::string(text),
                      .sqlstate = {},
                      .action = {}});
  return *this;
}

SessionScript& SessionScript::does(std::function<void(Session&)> action) {
  return expects([action](Session& session, ScriptServices&) { action(session); });
}

SessionScript& SessionScript::expects(std::function<void(Session&, ScriptServices&)> check) {
  entries_.push_back({.leg = Leg::kAction,
                      .bytes = {},
                      .to_server = {},
                      .to_client = {},
                      .message = {},
                      .sqlstate = {},
                      .action = std::move(check)});
  return *this;
}

SessionScript& SessionScript::logs_in(std::string user, std::string database, std::string_view reported) {
  const std::string packet = startup({{"user", user}, {"database", database}});
  client(packet, {});
  does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kConnectUpstream);
    session.step_done();
    session.on_upstream_connected("127.0.0.1:5432");
    EXPECT_FALSE(join(session.take_to_server()).empty());
  });
  server_passes(authentication_ok() + parameter_status("standard_conforming_strings", "on") +
                parameter_status("client_encoding", "UTF8") + std::string(reported));
  entries_.push_back({.leg = Leg::kServer,
                      .bytes = key_data(77, "serv"),
                      .to_server = {},
                      .to_client = [](const std::string&) { return key_data(77, "\xa0\xa1\xa2\xa3"); },
                      .message = {},
                      .sqlstate = {},
                      .action = {}});
  return server_passes(ready('I'));
}

void SessionScript::play() {
  for (const bool knows_every_text : {false, true}) {
    if (knows_every_text && answers_by_hand) return;
    for (const size_t piece_bytes : {std::string::npos, size_t{1}}) {
      play_in_pieces(piece_bytes, knows_every_text);
      if (testing::Test::HasFailure()) return;
    }
  }
}

void SessionScript::play_in_pieces(size_t piece_bytes, bool knows_every_text) {
  SCOPED_TRACE(piece_bytes == 1 ? "byte by byte" : "whole");
  SCOPED_TRACE(knows_every_text ? "texts met before" : "texts met for the first time");
  auto config = std::make_shared<Config>();
  config->limits = limits;
  config->servers.push_back(server_config);
  ScriptServices services;
  services.audit_works = audit_works;
  services.knows_every_text = knows_every_text;
  auto policy = policies::Policy::build(policy_options);
  ASSERT_TRUE(policy.ok()) << policy.status();
  services.guard_view.policy = *policy;
  services.guard_view.mode = mode;
  services.guard_view.audit_blocks = audit_blocks;
  Session session({.config = config, .server = config->servers.data(), .origin = origin, .session_id = "s1"}, services);
  std::string token;
  size_t number = 0;
  for (const Entry& entry : entries_) {
    SCOPED_TRACE(absl::StrFormat("step %d", ++number));
    if (entry.leg == Leg::kAction) {
      entry.action(session, services);
      if (testing::Test::HasFailure()) return;
      if (!entry.to_server) continue;
    }
    std::string bytes = entry.bytes;
    if (!entry.message.empty()) {
      bytes = error(entry.bytes, "syntax error at or near \"" + token + "\"") + entry.to_client(token);
    }
    std::string to_client;
    std::string to_server;
    const auto collect = [&] {
      to_client += join(session.take_to_client());
      to_server += join(session.take_to_server());
    };
    const auto settle = [&] {
      collect();
      while (!answers_by_hand && (!services.jobs.empty() || !services.awaited.empty())) {
        if (!services.jobs.empty()) {
          answer_parse_job(session, services);
        } else {
          answer_audit(session, services, services.audit_works);
        }
        collect();
      }
    };
    for (size_t at = 0; at < bytes.size();) {
      const size_t count = std::min(piece_bytes, bytes.size() - at);
      // A copy of its own for every feed: a session that keeps a pointer into it is caught by the sanitizer.
      const std::string piece = bytes.substr(at, count);
      const Bytes span = std::as_bytes(std::span(piece.data(), piece.size()));
      if (entry.leg == Leg::kClient) {
        session.feed_client(span);
      } else {
        session.feed_server(span);
      }
      settle();
      at += count;
    }
    if (entry.leg == Leg::kAction) collect();
    if (!entry.sqlstate.empty()) {
      EXPECT_EQ(session.step(), Step::kFlushThenClose);
      ASSERT_GT(to_client.size(), 5U);
      const auto fields = parser::postgres::decode_error_fields(std::string_view(to_client).substr(5));
      ASSERT_TRUE(fields.has_value()) << printable(to_client);
      EXPECT_TRUE(fields->is_fatal());
      EXPECT_EQ(fields->get('C'), entry.sqlstate) << printable(to_client);
      EXPECT_EQ(printable(to_server), "");
      if (testing::Test::HasFailure()) return;
      continue;
    }
    const std::string found = token_in(to_server);
    if (!found.empty()) token = found;
    if (!entry.message.empty()) {
      const std::string rest = entry.to_client(token);
      ASSERT_TRUE(to_client.ends_with(rest)) << printable(to_client);
      const std::string_view body = std::string_view(to_client).substr(5, to_client.size() - rest.size() - 5);
      const auto fields = parser::postgres::decode_error_fields(body);
      ASSERT_TRUE(fields.has_value()) << printable(to_client);
      EXPECT_EQ(fields->get('C'), "42501");
      EXPECT_NE(fields->get('M').find(entry.message), std::string_view::npos) << fields->get('M');
      EXPECT_FALSE(fields->get('H').empty());
      EXPECT_TRUE(fields->get('P').empty());
      EXPECT_TRUE(to_server.empty());
      continue;
    }
    EXPECT_EQ(printable(to_client), printable(entry.to_client ? entry.to_client(token) : std::string()));
    EXPECT_EQ(printable(to_server), printable(entry.to_server ? entry.to_server(token) : std::string()));
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace schemaguard::proxy::postgres
