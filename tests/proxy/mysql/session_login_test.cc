// From the greeting to the OK that ends the login (mysql-wire 4, 8-31, evasion M20-M27).
#include <gtest/gtest.h>

#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::kClientSessionTrack;
using parser::mysql::kClientSsl;
using policies::Mode;

constexpr std::string_view kFullCachingSha2{"\x04", 1};
constexpr std::string_view kFastCachingSha2{"\x03", 1};

Login forwarded(const SessionScript& script) {
  Login login = script.login;
  login.capabilities |= kClientSessionTrack;
  return login;
}

// A client that has said who it is, without TLS anywhere.
void asks_to_log_in(SessionScript& script) {
  script.greets();
  script.client(login_packet(script.login), login_packet(forwarded(script)));
}

void with_client_tls(SessionScript& script) {
  script.server_config.tls.mode = ClientTlsMode::kAllow;
  script.login.capabilities |= kClientSsl;
  script.greets();
  script.client(ssl_request(script.login.capabilities), {});
  script.does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kStartClientTls);
    EXPECT_FALSE(session.wants_client_bytes());
    session.step_done();
    session.on_client_tls("");
  });
}

void with_upstream_tls(SessionScript& script) {
  script.server_config.upstream.tls = ServerTlsMode::kRequire;
  script.hello.capabilities |= kClientSsl;
}

SessionScript& reaches_server_by_tls(SessionScript& script, const Login& login, uint8_t sequence = 2) {
  script.does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kStartUpstreamTls);
    EXPECT_FALSE(session.wants_client_bytes());
    session.step_done();
  });
  return script.acts([](Session& session, ScriptServices&) { session.on_upstream_tls(); },
                     login_packet(login, sequence));
}

TEST(MySqlSessionLogin, FirstStepIsToConnect) {
  SessionScript script;
  script.logs_in();
  script.expects([](Session& session, ScriptServices& services) {
    EXPECT_TRUE(session.logged_in());
    EXPECT_EQ(session.user(), "app");
    EXPECT_EQ(session.database(), "shop");
    ASSERT_EQ(services.records.size(), 1U);
    EXPECT_EQ(services.records[0].event, policies::AuditEvent::kSession);
  });
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionLogin, M46NamesAreComparedAsTheServerSaysBehindTheLogin) {
  struct {
    const char* row;
    bool allowed;  // CREATE TABLE Scratch by a rule that lifts its refusal for `scratch`
  } const cases[] = {{"", false}, {"0w", false}, {"1w", true}, {"2r", true}, {"9w", false}, {"1wx", false}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.row);
    SessionScript script;
    script.server_row = one.row;
    policies::Rule rule;
    rule.name = "mine";
    rule.action = policies::Action::kAllow;
    rule.match.objects = {"shop.scratch"};
    script.policy_options.rules = {rule};
    script.logs_in();
    if (one.allowed) {
      script.runs("CREATE TABLE Scratch (a int)");
    } else {
      script.client_refused(query("CREATE TABLE Scratch (a int)"));
    }
    script.client_passes(query("SELECT 1")).server_passes(rows());
    script.play();
  }
}

TEST(MySqlSessionLogin, WhereThePrimaryIsAskedForTheLoginWaitsForTheServersAnswer) {
  for (const bool read_only : {false, true}) {
    SessionScript script;
    script.server_config.upstream.target = "primary";
    script.server_row = read_only ? "0r" : "0w";
    script.greets();
    script.client(login_packet(script.login), login_packet(forwarded(script)));
    script.server(ok(2), {}, tracking_request());
    if (read_only) {
      script.server_ends_session(tracking_ok(), parser::mysql::kErrReadOnly);
    } else {
      script.server(tracking_ok(), ok(2));
      script.is_in_step();
    }
    script.expects(
        [read_only](Session&, ScriptServices& services) { EXPECT_EQ(services.standbys, read_only ? 1U : 0U); });
    script.play();
  }
}

TEST(MySqlSessionLogin, M22M24GreetingOffersOnlyWhatTheGuardDecodes) {
  SessionScript script;
  script.hello.capabilities = 0xFFFFFFFF & ~parser::mysql::kClientMySql & ~kClientSsl;
  script.hello.mariadb = 0xFFFFFFFF;
  // Asks for everything all the same: what was not offered does not reach the server.
  script.login.capabilities |= parser::mysql::kClientCompress | parser::mysql::kClientCapabilityExtension;
  script.login.mariadb = 0xFFFFFFFF;
  script.greets();
  Login login = forwarded(script);
  login.capabilities &= parser::mysql::kDecodedCapabilities;
  login.mariadb = parser::mysql::kDecodedMariaDbCapabilities;
  script.client(login_packet(script.login), login_packet(login));
  script.server_releases(ok(2), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, CapabilitiesThatTheServerLacksAreTakenFromTheLogin) {
  SessionScript script;
  script.hello.version = "8.0.36";
  script.hello.capabilities = (kServerCapabilities | parser::mysql::kClientMySql) & ~parser::mysql::kClientDeprecateEof;
  script.login.capabilities |= parser::mysql::kClientMySql;
  script.greets();
  Login login = forwarded(script);
  login.capabilities &= ~parser::mysql::kClientDeprecateEof;
  script.client(login_packet(script.login), login_packet(login));
  script.server_releases(ok(2), tracking_request());
  script.server(tracking_ok(), {});
  // So the definitions end with an EOF.
  script.client_passes(query("SELECT 1"));
  const std::string all = rows();
  const size_t definitions = 5 + 28;
  script.server_passes(all.substr(0, definitions) + eof(3) + packet("\1x", 4) + eof(5));
  script.play();
}

TEST(MySqlSessionLogin, WithoutSessionTrackingEveryReadingIsJudged) {
  SessionScript script;
  script.hello.capabilities &= ~kClientSessionTrack;
  script.logs_in();
  script.is_in_step();
  // Two statements for a server that does not take the backslash for what it is.
  script.client_refused(query(R"(SELECT '\'; DROP TABLE t; -- ')"));
  script.client_refused(query(R"(SELECT '\'', 'x'; DROP TABLE t; -- ')"));
  script.play();
}

TEST(MySqlSessionLogin, ServersErrorBeforeTheGreetingReachesTheClient) {
  for (const std::string& last_words :
       {packet("\xff\x10\4Too many connections", 0), error(1129, "HY000", "Host is blocked", 0)}) {
    SessionScript script;
    script.does([](Session& session) {
      session.step_done();
      session.on_upstream_connected("127.0.0.1:3306");
    });
    script.server_passes(last_words);
    script.expects_end();
    script.play();
  }
}

TEST(MySqlSessionLogin, UnreachableServerIsNamed) {
  SessionScript script;
  script.acts([](Session& session, ScriptServices&) { session.on_upstream_failed("db1:3306", "connection refused"); },
              {}, error(2003, "HY000", "schemaguard: cannot reach the server at db1:3306: connection refused", 0));
  script.expects_end();
  script.play();
}

TEST(MySqlSessionLogin, M26GreetingsAndLoginsOfOldAreRefused) {
  for (const std::string& body : {std::string("\x09"
                                              "5.0.1\0",
                                              7),
                                  std::string("\x0a"), std::string("x")}) {
    SessionScript script;
    script.does([](Session& session) {
      session.step_done();
      session.on_upstream_connected("127.0.0.1:3306");
    });
    script.server_ends_session(packet(body, 0), parser::mysql::kErrMalformedPacket);
    script.play();
  }
  for (const std::string& body : {std::string("\5\0\0\0\0app\0pw\0", 12), std::string(), std::string(31, '\0')}) {
    SessionScript script;
    script.greets();
    script.client_ends_session(packet(body, 1), parser::mysql::kErrBadHandshake);
    script.play();
  }
}

TEST(MySqlSessionLogin, M20LoginWithAWrongNumberEndsTheSession) {
  for (const uint8_t sequence : {uint8_t{0}, uint8_t{2}, uint8_t{255}}) {
    SessionScript script;
    script.greets();
    script.client_ends_session(login_packet(script.login, sequence), parser::mysql::kErrPacketsOutOfOrder);
    script.play();
  }
}

TEST(MySqlSessionLogin, LoginThatIsTooLongIsNotGathered) {
  SessionScript script;
  script.greets();
  script.client_ends_session(std::string("\xff\xff\xff\1", 4), parser::mysql::kErrMalformedPacket);
  script.play();
}

TEST(MySqlSessionLogin, M23NothingBehindTheRequestForTlsIsReadBeforeIt) {
  SessionScript script;
  script.server_config.tls.mode = ClientTlsMode::kAllow;
  script.greets();
  script.does([](Session& session) { EXPECT_EQ(session.client_read_max(), 4U); });
  const std::string request = ssl_request(script.login.capabilities | kClientSsl);
  script.client(request.substr(0, 3), {});
  script.does([](Session& session) { EXPECT_EQ(session.client_read_max(), 1U); });
  script.client(request.substr(3, 1), {});
  script.does([](Session& session) { EXPECT_EQ(session.client_read_max(), 32U); });
  script.client(request.substr(4), {});
  script.does([](Session& session) { EXPECT_EQ(session.step(), Step::kStartClientTls); });
  script.play();
  // A driver that reads on all the same has read what belongs to somebody else.
  SessionScript stuffed;
  stuffed.server_config.tls.mode = ClientTlsMode::kAllow;
  stuffed.greets();
  stuffed.client_ends_session(request + login_packet(stuffed.login, 2), 0);
  stuffed.play();
}

TEST(MySqlSessionLogin, TlsThatWasNotOfferedIsRefused) {
  SessionScript script;
  script.greets();
  script.client_ends_session(ssl_request(kClientCapabilities | kClientSsl), parser::mysql::kErrBadHandshake);
  script.play();
}

TEST(MySqlSessionLogin, SecondRequestForTlsIsRefused) {
  SessionScript script;
  with_client_tls(script);
  std::string again = ssl_request(script.login.capabilities);
  again[3] = '\2';
  script.client_ends_session(again, parser::mysql::kErrBadHandshake);
  script.play();
}

TEST(MySqlSessionLogin, RequiredTlsIsRequiredBeforeAnythingGoesOn) {
  SessionScript script;
  script.server_config.tls.mode = ClientTlsMode::kRequire;
  script.greets();
  script.client_ends_session(login_packet(script.login), parser::mysql::kErrSecureTransportRequired);
  script.play();
}

TEST(MySqlSessionLogin, TlsOnTheClientLegShiftsTheNumbers) {
  SessionScript script;
  with_client_tls(script);
  Login login = forwarded(script);
  login.capabilities &= ~kClientSsl;
  script.client(login_packet(script.login, 2), login_packet(login, 1));
  script.server(auth_switch("mysql_native_password", 2), auth_switch("mysql_native_password", 3));
  script.client(packet("scramble", 4), packet("scramble", 3));
  script.server(ok(4), ok(5), tracking_request());
  script.server(tracking_ok(), {});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionLogin, TlsOnTheServerLegShiftsThemTheOtherWay) {
  SessionScript script;
  with_upstream_tls(script);
  script.greets();
  Login login = forwarded(script);
  login.capabilities |= kClientSsl;
  script.client(login_packet(script.login), ssl_request(login.capabilities));
  reaches_server_by_tls(script, login);
  script.server(auth_switch("client_ed25519", 3), auth_switch("client_ed25519", 2));
  script.client(packet("scramble", 3), packet("scramble", 4));
  script.server(ok(5), ok(4), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, TlsOnBothLegsRelaysThePasswordInTheClear) {
  SessionScript script;
  with_upstream_tls(script);
  script.login.plugin = "caching_sha2_password";
  with_client_tls(script);
  const Login login = forwarded(script);
  script.client(login_packet(script.login, 2), ssl_request(login.capabilities));
  reaches_server_by_tls(script, login);
  script.server_passes(auth_more(kFullCachingSha2, 3));
  script.client_passes(packet(std::string("secret\0", 7), 4));
  script.server_releases(ok(5), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, PreferredTlsFollowsTheClient) {
  SessionScript plain;
  plain.server_config.upstream.tls = ServerTlsMode::kPrefer;
  plain.hello.capabilities |= kClientSsl;
  plain.logs_in();
  plain.is_in_step();
  plain.play();
}

TEST(MySqlSessionLogin, ServerWithoutTheTlsThatIsAskedForIsNotUsed) {
  SessionScript script;
  with_upstream_tls(script);
  script.hello.capabilities &= ~kClientSsl;
  script.greets();
  script.client_ends_session(login_packet(script.login), parser::mysql::kErrCannotConnect);
  script.play();
}

TEST(MySqlSessionLogin, ServersHandshakeThatFailsIsTold) {
  SessionScript script;
  with_upstream_tls(script);
  script.greets();
  Login login = forwarded(script);
  login.capabilities |= kClientSsl;
  script.client(login_packet(script.login), ssl_request(login.capabilities));
  script.acts([](Session& session, ScriptServices&) { session.on_server_closed(); }, {},
              error(2003, "HY000",
                    "schemaguard: cannot reach the server at 127.0.0.1:3306: the server closed the connection", 2));
  script.expects_end();
  script.play();
}

TEST(MySqlSessionLogin, Wire26FullCachingSha2IsRefusedWithTlsOnOneLeg) {
  for (const bool tls_at_client : {false, true}) {
    SessionScript script;
    script.login.plugin = "caching_sha2_password";
    if (tls_at_client) {
      with_client_tls(script);
      Login login = forwarded(script);
      login.capabilities &= ~kClientSsl;
      script.client(login_packet(script.login, 2), login_packet(login, 1));
      script.server_ends_session(auth_more(kFullCachingSha2, 2), parser::mysql::kErrAccessDenied);
    } else {
      with_upstream_tls(script);
      script.greets();
      Login login = forwarded(script);
      login.capabilities |= kClientSsl;
      script.client(login_packet(script.login), ssl_request(login.capabilities));
      reaches_server_by_tls(script, login);
      script.server_ends_session(auth_more(kFullCachingSha2, 3), parser::mysql::kErrAccessDenied);
    }
    script.expects([](Session&, ScriptServices& services) {
      EXPECT_EQ(services.counters, std::vector<std::string>{"logins_not_relayed"});
    });
    script.play();
  }
}

TEST(MySqlSessionLogin, Wire26FastCachingSha2PassesWithTlsOnOneLeg) {
  SessionScript script;
  script.login.plugin = "caching_sha2_password";
  with_client_tls(script);
  Login login = forwarded(script);
  login.capabilities &= ~kClientSsl;
  script.client(login_packet(script.login, 2), login_packet(login, 1));
  script.server(auth_more(kFastCachingSha2, 2) + ok(3), auth_more(kFastCachingSha2, 3) + ok(4), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, Wire26UnixSocketsAreAsGoodAsTlsToThePlugins) {
  SessionScript script;
  script.login.plugin = "caching_sha2_password";
  script.origin.address.clear();
  script.greets();
  script.client(login_packet(script.login), login_packet(forwarded(script)));
  script.server_ends_session(auth_more(kFullCachingSha2, 2), parser::mysql::kErrAccessDenied);
  script.play();
}

TEST(MySqlSessionLogin, Sha256IsRefusedWithTlsOnOneLeg) {
  SessionScript script;
  script.login.plugin = "sha256_password";
  with_client_tls(script);
  script.client_ends_session(login_packet(script.login, 2), parser::mysql::kErrAccessDenied);
  script.play();

  SessionScript changed;
  with_client_tls(changed);
  Login login = forwarded(changed);
  login.capabilities &= ~kClientSsl;
  changed.client(login_packet(changed.login, 2), login_packet(login, 1));
  changed.server_ends_session(auth_switch("sha256_password", 2), parser::mysql::kErrAccessDenied);
  changed.play();
}

TEST(MySqlSessionLogin, Wire29SeveralRoundsAndFactorsAreRelayedInLockStep) {
  SessionScript script;
  script.hello.capabilities |= parser::mysql::kClientMultiFactorAuthentication;
  script.login.capabilities |= parser::mysql::kClientMultiFactorAuthentication;
  asks_to_log_in(script);
  script.server_passes(auth_switch("dialog", 2));
  script.client_passes(packet(std::string("one\0", 4), 3));
  script.server_passes(auth_more("more?", 4));
  script.client_passes(packet({}, 5));
  std::string factor = auth_switch("webauthn", 6);
  factor[4] = '\2';
  script.server_passes(factor);
  script.client_passes(packet(std::string("\xff\xfe\0", 3), 7));
  script.server_releases(ok(8), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, Wire29WhatAPluginSaysNeedsNoMark) {
  // MariaDB marks only what could be taken for OK, ERR or a switch; 02 is one only where factors were negotiated.
  SessionScript script;
  asks_to_log_in(script);
  script.server_passes(auth_switch("dialog", 2));
  script.client_passes(packet(std::string("secret\0", 7), 3));
  script.server_passes(packet("\2Are you sure ?", 4));
  script.client_passes(packet(std::string("yes\0", 4), 5));
  script.server_passes(packet("\xa1token", 6));
  script.client_passes(packet({}, 7));
  script.server_releases(ok(8), tracking_request());
  script.play();

  SessionScript factors;
  factors.hello.capabilities |= parser::mysql::kClientMultiFactorAuthentication;
  factors.login.capabilities |= parser::mysql::kClientMultiFactorAuthentication;
  asks_to_log_in(factors);
  factors.server_ends_session(packet("\2no end", 2), parser::mysql::kErrMalformedPacket);
  factors.play();
}

TEST(MySqlSessionLogin, Wire26FullLoginIsFoundWithoutItsMark) {
  SessionScript script;
  script.login.plugin = "caching_sha2_password";
  with_client_tls(script);
  Login login = forwarded(script);
  login.capabilities &= ~kClientSsl;
  script.client(login_packet(script.login, 2), login_packet(login, 1));
  script.server_ends_session(packet("\4", 2), parser::mysql::kErrAccessDenied);
  script.play();
}

TEST(MySqlSessionLogin, Wire25OldestPluginIsRelayed) {
  SessionScript script;
  with_client_tls(script);
  Login login = forwarded(script);
  login.capabilities &= ~kClientSsl;
  script.client(login_packet(script.login, 2), login_packet(login, 1));
  script.server(packet("\xfe", 2), packet("\xfe", 3));
  script.client(packet(std::string("oldscram\0", 9), 4), packet(std::string("oldscram\0", 9), 3));
  script.server(ok(4), ok(5), tracking_request());
  script.server(tracking_ok(), {});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionLogin, Wire28SignatureInTheFirstOkPassesUnchanged) {
  SessionScript script;
  asks_to_log_in(script);
  const std::string signature = "\1" + std::string(64, 'a');
  script.server_releases(ok(2, {.track = {}, .info = signature}), tracking_request());
  script.play();
}

TEST(MySqlSessionLogin, RefusedLoginEndsTheSession) {
  SessionScript script;
  asks_to_log_in(script);
  script.server_passes(error(1045, "28000", "Access denied for user 'app'", 2));
  script.expects_end();
  script.expects([](Session&, ScriptServices& services) {
    ASSERT_EQ(services.records.size(), 1U);
    EXPECT_NE(services.records[0].detail.find("login_failed"), std::string::npos);
  });
  script.play();
}

TEST(MySqlSessionLogin, AnswersThatFitNoLoginEndTheSession) {
  for (const std::string& answer :
       {packet("\xfeplugin-without-end", 2), packet({}, 2), packet("\xff", 2), packet(std::string("\0\0", 2), 2)}) {
    SessionScript script;
    asks_to_log_in(script);
    script.server_ends_session(answer, parser::mysql::kErrMalformedPacket);
    script.play();
  }
}

TEST(MySqlSessionLogin, ServerThatSpeaksInTheClientsTurnEndsTheSession) {
  SessionScript script;
  script.greets();
  script.server_ends_session(ok(1), parser::mysql::kErrMalformedPacket);
  script.play();
}

TEST(MySqlSessionLogin, M21CommandsBehindTheLoginWaitForItsEnd) {
  SessionScript script;
  script.greets();
  // The server takes the first packet behind its OK for a command, whatever the guard took it for.
  script.client(login_packet(script.login) + query("DROP TABLE t") + query("SELECT 1"),
                login_packet(forwarded(script)));
  script.server_releases(ok(2), tracking_request());
  script.server({}, {});  // its answer to the guard's question
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = tracking_ok();
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        const std::string refusal = join(session.take_to_client());
        EXPECT_NE(refusal.find("DROP TABLE"), std::string::npos) << printable(refusal);
      },
      query("SELECT 1"));
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionLogin, AnswersOutOfTurnWaitAndAreThenOutOfOrder) {
  SessionScript script;
  asks_to_log_in(script);
  script.server_passes(auth_switch("mysql_native_password", 2));
  script.client(packet("scramble", 3) + packet("\3DROP TABLE t", 4), packet("scramble", 3));
  script.server(ok(4), ok(4) + error(1156, "08S01", "Got packets out of order", 0), tracking_request());
  script.expects_end();
  script.play();
}

TEST(MySqlSessionLogin, M20AnswersOfALoginKeepTheirNumbers) {
  for (const uint8_t sequence : {uint8_t{0}, uint8_t{2}, uint8_t{4}}) {
    SessionScript script;
    asks_to_log_in(script);
    script.server_passes(auth_switch("mysql_native_password", 2));
    script.client_ends_session(packet("\3DROP TABLE t", sequence), parser::mysql::kErrPacketsOutOfOrder);
    script.play();
  }
}

TEST(MySqlSessionLogin, ProgramsNameIsTheApplication) {
  SessionScript script;
  script.login.attributes = {{"_client_name", "libmariadb"}, {"program_name", "mysqldump"}};
  script.logs_in();
  script.client_refused(query("DROP TABLE t"));
  script.expects(
      [](Session&, ScriptServices& services) { EXPECT_EQ(services.records.back().session->application, "mysqldump"); });
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
