#include "tests/proxy/mysql/session_script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_format.h"
#include "parser/mysql/body_reader.h"
#include "parser/mysql/login_request.h"
#include "parser/mysql/packet_header.h"

namespace schemaguard::proxy::mysql {

using parser::mysql::BodyWriter;
using parser::mysql::Command;

namespace {

// Longer feeds are not played byte by byte, but in pieces of a size that fits nothing.
constexpr size_t kBytewiseMax = 100'000;
constexpr size_t kOddPieceBytes = 60'013;
constexpr std::string_view kQuestionStart = "SELECT CONCAT(@@global.lower_case_table_names";
constexpr std::string_view kTrackingStart = "SET @@session.session_track_system_variables";

std::string with_id(uint32_t id) {
  std::string body;
  BodyWriter::append_uint4(body, id);
  return body;
}

// The first packet in `bytes`, or what is there of it.
size_t first_packet_bytes(std::string_view bytes) {
  if (bytes.size() < parser::mysql::kPacketHeaderBytes) return bytes.size();
  const size_t total = parser::mysql::kPacketHeaderBytes + parser::mysql::decode_packet_header(bytes).length;
  return std::min(bytes.size(), total);
}

// The guard's own SET shown as what it is, so that no script depends on its text; its question is left out.
std::string without_tracking_text(std::string_view bytes) {
  std::string shown;
  while (!bytes.empty()) {
    const std::string_view one = bytes.substr(0, first_packet_bytes(bytes));
    const bool is_query = one.size() > 7 && one[4] == static_cast<char>(Command::kQuery);
    const bool attributes = is_query && one.substr(5, 2) == std::string_view("\0\1", 2);
    const bool own = is_query && one[3] == '\0';
    const std::string_view text = is_query ? one.substr(attributes ? 7 : 5) : std::string_view();
    const bool tracking = own && text.starts_with(kTrackingStart);
    if (!own || !text.starts_with(kQuestionStart)) shown += tracking ? tracking_request() : std::string(one);
    bytes.remove_prefix(one.size());
  }
  return shown;
}

void expect_bytes(std::string_view found, std::string_view expected) {
  if (found == expected) return;
  EXPECT_EQ(printable(found), printable(expected));
}

}  // namespace

std::string packet(std::string_view payload, uint8_t sequence) {
  return parser::mysql::encode_message(payload, sequence);
}
std::string command(Command which, std::string_view body) {
  return packet(std::string(1, static_cast<char>(which)) + std::string(body), 0);
}
std::string query(std::string_view text) { return command(Command::kQuery, text); }
std::string prepare(std::string_view text) { return command(Command::kStmtPrepare, text); }
std::string execute(uint32_t id, std::string_view parameters) {
  return command(Command::kStmtExecute, with_id(id) + std::string("\0\1\0\0\0", 5) + std::string(parameters));
}
std::string bulk_execute(uint32_t id, std::string_view parameters) {
  return command(Command::kStmtBulkExecute, with_id(id) + std::string("\x80\0", 2) + std::string(parameters));
}
std::string long_data(uint32_t id, std::string_view data) {
  return command(Command::kStmtSendLongData, with_id(id) + std::string("\0\0", 2) + std::string(data));
}
std::string fetch(uint32_t id, uint32_t rows) { return command(Command::kStmtFetch, with_id(id) + with_id(rows)); }
std::string close_statement(uint32_t id) { return command(Command::kStmtClose, with_id(id)); }
std::string reset_statement(uint32_t id) { return command(Command::kStmtReset, with_id(id)); }
std::string init_db(std::string_view name) { return command(Command::kInitDb, name); }
std::string set_option(uint16_t option) {
  std::string body;
  BodyWriter::append_uint2(body, option);
  return command(Command::kSetOption, body);
}
std::string reset_connection() { return command(Command::kResetConnection); }
std::string ping() { return command(Command::kPing); }
std::string quit() { return command(Command::kQuit); }
std::string change_user(std::string_view user, std::string_view database, std::string_view plugin) {
  std::string body;
  BodyWriter::append_terminated_string(body, user);
  BodyWriter::append_uint1(body, 6);
  body += "secret";
  BodyWriter::append_terminated_string(body, database);
  if (!plugin.empty()) {
    BodyWriter::append_uint2(body, 45);
    BodyWriter::append_terminated_string(body, plugin);
    BodyWriter::append_uint1(body, 0);
  }
  return command(Command::kChangeUser, body);
}
std::string tracking_request() { return query("{tracking}"); }

std::string login_body(const Login& login) {
  std::string body;
  BodyWriter::append_uint4(body, login.capabilities);
  BodyWriter::append_uint4(body, 1U << 24);
  BodyWriter::append_uint1(body, 45);
  body.append(19, '\0');
  BodyWriter::append_uint4(body, login.mariadb);
  BodyWriter::append_terminated_string(body, login.user);
  BodyWriter::append_uint1(body, static_cast<uint8_t>(login.auth_response.size()));
  body += login.auth_response;
  if ((login.capabilities & parser::mysql::kClientConnectWithDb) != 0) {
    BodyWriter::append_terminated_string(body, login.database);
  }
  if ((login.capabilities & parser::mysql::kClientPluginAuth) != 0) {
    BodyWriter::append_terminated_string(body, login.plugin);
  }
  if ((login.capabilities & parser::mysql::kClientConnectAttrs) == 0) return body;
  std::string attributes;
  for (const auto& [name, value] : login.attributes) {
    BodyWriter::append_length_encoded_string(attributes, name);
    BodyWriter::append_length_encoded_string(attributes, value);
  }
  BodyWriter::append_length_encoded_string(body, attributes);
  return body;
}
std::string login_packet(const Login& login, uint8_t sequence) { return packet(login_body(login), sequence); }
std::string ssl_request(uint32_t capabilities) {
  Login login;
  login.capabilities = capabilities;
  return packet(parser::mysql::ssl_request(login_body(login)), 1);
}

std::string greeting(const Hello& hello) {
  std::string body("\x0a");
  BodyWriter::append_terminated_string(body, hello.version);
  BodyWriter::append_uint4(body, 77);
  BodyWriter::append_terminated_string(body, "nonce-01");
  BodyWriter::append_uint2(body, static_cast<uint16_t>(hello.capabilities));
  BodyWriter::append_uint1(body, 45);
  BodyWriter::append_uint2(body, parser::mysql::kStatusAutocommit);
  BodyWriter::append_uint2(body, static_cast<uint16_t>(hello.capabilities >> 16));
  BodyWriter::append_uint1(body, 21);
  body.append(6, '\0');
  BodyWriter::append_uint4(body, hello.mariadb);
  BodyWriter::append_terminated_string(body, "nonce-second");
  BodyWriter::append_terminated_string(body, hello.plugin);
  return packet(body, 0);
}

std::string ok(uint8_t sequence, const OkAnswer& answer) {
  parser::mysql::OkPacket body;
  body.status = answer.status;
  body.info = answer.info;
  body.session_track = answer.track;
  body.track_padding = answer.padding;
  if (!answer.track.empty()) body.status |= parser::mysql::kStatusSessionStateChanged;
  return packet(parser::mysql::encode_ok_body(body, answer.header), sequence);
}
std::string error(uint16_t number, std::string_view sqlstate, std::string_view text, uint8_t sequence) {
  return parser::mysql::encode_err(number, sqlstate, text, sequence);
}
std::string eof(uint8_t sequence, uint16_t status) {
  std::string body("\xfe\0\0", 3);
  BodyWriter::append_uint2(body, status);
  return packet(body, sequence);
}
std::string rows(uint8_t sequence, uint16_t status) {
  const auto number = [&sequence] { return sequence++; };
  std::string bytes = packet("\1", number());
  bytes += packet(std::string("\3def\0\0\0\1a\1a\x0c\x3f\0\4\0\0\0\3\0\0\0\0\0", 24), number());
  bytes += packet("\1x", number());
  return bytes + ok(number(), {.status = status, .track = {}, .info = {}, .header = parser::mysql::kEofHeader});
}
std::string prepared(uint32_t id, uint16_t parameters, uint16_t columns) {
  std::string body(1, '\0');
  BodyWriter::append_uint4(body, id);
  BodyWriter::append_uint2(body, columns);
  BodyWriter::append_uint2(body, parameters);
  body.append(3, '\0');
  std::string bytes = packet(body, 1);
  for (uint8_t i = 0; i < parameters + columns; ++i) {
    bytes += packet(std::string("\3def\0\0\0\1a\1a\x0c\x3f\0\4\0\0\0\3\0\0\0\0\0", 24), static_cast<uint8_t>(i + 2));
  }
  return bytes;
}
std::string auth_switch(std::string_view plugin, uint8_t sequence) {
  std::string body("\xfe");
  BodyWriter::append_terminated_string(body, plugin);
  BodyWriter::append_terminated_string(body, "nonce-01nonce-second");
  return packet(body, sequence);
}
std::string auth_more(std::string_view data, uint8_t sequence) { return packet("\1" + std::string(data), sequence); }
std::string file_request(std::string_view name) { return packet("\xfb" + std::string(name), 1); }

std::string tracked(std::string_view name, std::string_view value) {
  std::string pair;
  BodyWriter::append_length_encoded_string(pair, name);
  BodyWriter::append_length_encoded_string(pair, value);
  std::string entry(1, '\0');
  BodyWriter::append_length_encoded_string(entry, pair);
  return entry;
}
std::string tracked_schema(std::string_view name) {
  std::string value;
  BodyWriter::append_length_encoded_string(value, name);
  std::string entry(1, '\1');
  BodyWriter::append_length_encoded_string(entry, value);
  return entry;
}
std::string server_answer(std::string_view row) {
  if (row.empty()) return error(1193, "HY000", "Unknown system variable");
  std::string bytes = rows();
  const size_t at = bytes.find("\1x");  // the row of rows()
  return bytes.replace(at - parser::mysql::kPacketHeaderBytes, parser::mysql::kPacketHeaderBytes + 2,
                       packet(std::string(1, static_cast<char>(row.size())) + std::string(row), 3));
}
std::string tracking_ok(std::string_view sql_mode, std::string_view character_set) {
  return ok(1, {.track = tracked("sql_mode", sql_mode) + tracked("character_set_client", character_set), .info = {}});
}

SessionScript::SessionScript() {
  server_config.name = "shop";
  server_config.engine = "mysql";
  server_config.upstream.tls = ServerTlsMode::kDisable;
  policy_options.server = "shop";
  policy_options.engine = "mysql";
  policy_options.migrators.push_back({.user = "deploy", .from = {}, .certificate = {}});
  origin.address = "10.0.0.7";
  origin.port = 5000;
  origin.listener = "127.0.0.1:3307";
  hello.capabilities = kServerCapabilities;
  login.capabilities = kClientCapabilities;
}

SessionScript::Entry& SessionScript::add(Leg leg, std::string bytes, std::string to_server, std::string to_client) {
  Entry& entry = entries_.emplace_back();
  entry.leg = leg;
  entry.bytes = std::move(bytes);
  entry.to_server = std::move(to_server);
  entry.to_client = std::move(to_client);
  return entry;
}

SessionScript& SessionScript::client(std::string bytes, std::string to_server, std::string to_client) {
  add(Leg::kClient, std::move(bytes), std::move(to_server), std::move(to_client));
  return *this;
}
SessionScript& SessionScript::server(std::string bytes, std::string to_client, std::string to_server) {
  add(Leg::kServer, std::move(bytes), std::move(to_server), std::move(to_client));
  return *this;
}
SessionScript& SessionScript::client_passes(const std::string& bytes) { return client(bytes, bytes); }
SessionScript& SessionScript::server_passes(const std::string& bytes) { return server(bytes, bytes); }
SessionScript& SessionScript::client_waits(std::string bytes) { return client(std::move(bytes), {}); }
SessionScript& SessionScript::server_releases(const std::string& bytes, std::string to_server) {
  return server(bytes, bytes, std::move(to_server));
}

SessionScript& SessionScript::client_gets_error(std::string bytes, uint16_t number, std::string text,
                                                uint8_t sequence) {
  add(Leg::kClient, std::move(bytes), {}, {}).error = {number, {}, std::move(text), sequence};
  return *this;
}
SessionScript& SessionScript::client_refused(std::string bytes, std::string text, uint8_t sequence) {
  add(Leg::kClient, std::move(bytes), {}, {}).error = {parser::mysql::kErrTableAccessDenied, "42000", std::move(text),
                                                       sequence};
  return *this;
}
SessionScript& SessionScript::server_then_refused(const std::string& bytes, std::string text,
                                                  std::optional<std::string> to_client) {
  add(Leg::kServer, bytes, {}, to_client.value_or(bytes)).error = {parser::mysql::kErrTableAccessDenied, "42000",
                                                                   std::move(text), 1};
  return *this;
}

SessionScript& SessionScript::does(std::function<void(Session&)> action) {
  return expects([action = std::move(action)](Session& session, ScriptServices&) { action(session); });
}
SessionScript& SessionScript::acts(Check action, std::string to_server, std::string to_client) {
  add(Leg::kAction, {}, std::move(to_server), std::move(to_client)).action = std::move(action);
  return *this;
}
SessionScript& SessionScript::expects(Check check) {
  Entry& entry = add(Leg::kAction, {}, {}, {});
  entry.action = std::move(check);
  entry.silent = true;
  return *this;
}
SessionScript& SessionScript::sets_mode(policies::Mode wanted) {
  return expects([wanted](Session&, ScriptServices& services) { services.guard_view.mode = wanted; });
}
SessionScript& SessionScript::expects_outcomes(std::vector<policies::Outcome> outcomes) {
  return expects([outcomes](Session&, ScriptServices& services) { EXPECT_EQ(outcomes_of(services), outcomes); });
}
SessionScript& SessionScript::client_ends_session(std::string bytes, uint16_t number) {
  add(Leg::kClient, std::move(bytes), {}, {}).ending = number;
  return *this;
}
SessionScript& SessionScript::server_ends_session(std::string bytes, uint16_t number) {
  add(Leg::kServer, std::move(bytes), {}, {}).ending = number;
  return *this;
}
SessionScript& SessionScript::expects_end() {
  return does([](Session& session) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
}

SessionScript& SessionScript::greets() {
  does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kConnectUpstream);
    session.step_done();
    session.on_upstream_connected("127.0.0.1:3306");
  });
  Hello seen = hello;
  seen.capabilities &= parser::mysql::kDecodedCapabilities & ~parser::mysql::kClientSsl;
  if (server_config.tls.mode != ClientTlsMode::kDisable) seen.capabilities |= parser::mysql::kClientSsl;
  if ((hello.capabilities & parser::mysql::kClientMySql) == 0) {
    seen.mariadb &= parser::mysql::kDecodedMariaDbCapabilities;
  }
  return server(greeting(hello), greeting(seen));
}

SessionScript& SessionScript::logs_in(std::string user, std::string database) {
  greets();
  login.user = std::move(user);
  login.database = std::move(database);
  Login forwarded = login;
  forwarded.capabilities |= hello.capabilities & parser::mysql::kClientSessionTrack;
  client(login_packet(login), login_packet(forwarded));
  if ((hello.capabilities & parser::mysql::kClientSessionTrack) == 0) return server_passes(ok(2));
  return server_releases(ok(2), tracking_request()).server(tracking_ok(), {});
}

SessionScript& SessionScript::is_in_step() { return client_passes(query("SELECT 1")).server_passes(rows()); }

SessionScript& SessionScript::runs(std::string_view text, const OkAnswer& answer) {
  OkAnswer seen = answer;
  seen.track.clear();
  return client_passes(query(text)).server(ok(1, answer), ok(1, seen));
}

void SessionScript::play() {
  for (const Splitting splitting : {Splitting::kWhole, Splitting::kPackets, Splitting::kBytes}) {
    play_in(splitting);
    if (testing::Test::HasFailure()) return;
  }
}

void SessionScript::play_in(Splitting splitting) {
  SCOPED_TRACE(splitting == Splitting::kWhole     ? "whole"
               : splitting == Splitting::kPackets ? "packet by packet"
                                                  : "byte by byte");
  auto config = std::make_shared<Config>();
  config->limits = limits;
  config->servers.push_back(server_config);
  ScriptServices services;
  services.audit_works = audit_works;
  services.held_bytes_max = held_bytes_max;
  services.guard_view.mode = mode;
  services.guard_view.audit_blocks = audit_blocks;
  const auto build = [](const policies::PolicyOptions& options) {
    auto policy = policies::Policy::build(options);
    EXPECT_TRUE(policy.ok()) << policy.status();
    return *policy;
  };
  services.guard_view.policy = build(policy_options);
  for (const auto& [database, options] : database_policies) {
    services.database_views[database] = services.guard_view;
    services.database_views[database].policy = build(options);
    config->servers.back().databases.push_back({.name = database, .mode = mode, .policy = nullptr});
  }
  auto session = std::make_unique<Session>(
      SessionSettings{.config = config, .server = config->servers.data(), .origin = origin, .session_id = "s1"},
      services);
  size_t number = 0;
  bool asked = false;
  for (const Entry& entry : entries_) {
    SCOPED_TRACE(absl::StrFormat("step %d", ++number));
    Output output;
    if (entry.action) entry.action(*session, services);
    if (entry.silent && !testing::Test::HasFailure()) continue;
    feed(entry, splitting, *session, services, output, asked);
    check(entry, *session, output);
    if (testing::Test::HasFailure()) return;
  }
  session.reset();
  EXPECT_EQ(services.held_bytes, 0U);
}

void SessionScript::feed(const Entry& entry, Splitting splitting, Session& session, ScriptServices& services,
                         Output& output, bool& asked) const {
  const auto collect = [&] {
    output.to_client += join(session.take_to_client());
    output.to_server += join(session.take_to_server());
  };
  collect();
  const bool answers = asked && entry.leg == Leg::kServer;
  const std::string bytes = (answers ? server_answer(server_row) : std::string()) + entry.bytes;
  if (answers) asked = false;
  for (size_t at = 0; at < bytes.size();) {
    size_t count = bytes.size() - at;
    if (splitting == Splitting::kPackets) count = first_packet_bytes(std::string_view(bytes).substr(at));
    if (splitting == Splitting::kBytes) {
      count = std::min(count, bytes.size() > kBytewiseMax ? kOddPieceBytes : size_t{1});
    }
    // A copy of its own for every feed: a session that keeps a pointer into it is caught by the sanitizer.
    const auto piece = std::make_unique<std::string>(bytes.substr(at, count));
    const Bytes span = std::as_bytes(std::span(piece->data(), piece->size()));
    if (entry.leg == Leg::kClient) {
      session.feed_client(span);
    } else {
      session.feed_server(span);
    }
    collect();
    while (!answers_by_hand && (!services.jobs.empty() || !services.awaited.empty())) {
      if (!services.jobs.empty()) {
        answer_parse_job(session, services);
      } else {
        answer_audit(session, services, services.audit_works);
      }
      collect();
    }
    at += count;
  }
  asked = asked || output.to_server.find(kQuestionStart) != std::string::npos;
}

void SessionScript::check(const Entry& entry, const Session& session, const Output& output) {
  expect_bytes(without_tracking_text(output.to_server), entry.to_server);
  std::string_view to_client = output.to_client;
  if (!entry.error && !entry.ending) {
    expect_bytes(to_client, entry.to_client);
    return;
  }
  if (entry.ending) {
    EXPECT_EQ(session.step(), Step::kFlushThenClose);
  }
  if (entry.ending == uint16_t{0}) {
    EXPECT_EQ(printable(to_client), "");
    return;
  }
  ASSERT_TRUE(to_client.starts_with(entry.to_client)) << printable(to_client);
  to_client.remove_prefix(entry.to_client.size());
  ASSERT_GT(to_client.size(), parser::mysql::kPacketHeaderBytes);
  ASSERT_EQ(first_packet_bytes(to_client), to_client.size()) << printable(to_client);
  const auto found = parser::mysql::decode_err(to_client.substr(parser::mysql::kPacketHeaderBytes));
  ASSERT_TRUE(found.has_value()) << printable(to_client);
  EXPECT_EQ(found->error, entry.error ? entry.error->number : *entry.ending) << printable(to_client);
  if (!entry.error) return;
  EXPECT_NE(found->message.find(entry.error->text), std::string_view::npos) << found->message;
  if (!entry.error->sqlstate.empty()) {
    EXPECT_EQ(found->sqlstate, entry.error->sqlstate);
  }
  EXPECT_EQ(parser::mysql::decode_packet_header(to_client).sequence, entry.error->sequence);
}

}  // namespace schemaguard::proxy::mysql
