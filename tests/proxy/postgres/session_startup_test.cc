// From the first byte to the login (G1-G12, G15; evasion section 5), the cells of relayed SASL, and cancel keys.
#include <gtest/gtest.h>

#include "parser/postgres/backend_messages.h"
#include "parser/postgres/startup_packet.h"
#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Mode;

const std::string kGssRequest = {0, 0, 0, 8, 4, '\xd2', 22, 48};
std::string ssl_request() { return parser::postgres::encode_ssl_request(); }
std::string app_startup() { return startup({{"user", "app"}, {"database", "shop"}}); }

// The guard connects and sends `packet` upstream.
void connects(SessionScript& script, const std::string& packet) {
  script.acts(
      [](Session& session, ScriptServices&) {
        ASSERT_EQ(session.step(), Step::kConnectUpstream);
        session.step_done();
        session.on_upstream_connected("127.0.0.1:5432");
      },
      packet);
}

TEST(SessionStartup, G1NegotiationRequestsAreAnsweredOnceEach) {
  SessionScript script;
  script.client(kGssRequest, {}, "N");
  script.client(ssl_request(), {}, "N");
  script.client(app_startup(), {});
  connects(script, app_startup());
  script.play();
}

TEST(SessionStartup, Evasion110RepeatedRequestsAreRefused) {
  SessionScript ssl;
  ssl.client(ssl_request(), {}, "N");
  ssl.client_ends_session(ssl_request(), "0A000");
  ssl.play();
  SessionScript gss;
  gss.client(kGssRequest, {}, "N");
  gss.client_ends_session(kGssRequest, "0A000");
  gss.play();
}

TEST(SessionStartup, G2BytesBehindANegotiationRequestAreAnAttack) {
  SessionScript script;
  script.does([](Session& session) {
    const std::string bytes = parser::postgres::encode_ssl_request() + app_startup();
    session.feed_client(std::as_bytes(std::span(bytes.data(), bytes.size())));
    EXPECT_EQ(session.step(), Step::kFlushThenClose);
  });
  script.play();
}

TEST(SessionStartup, ClientTlsIsAStepOfTheDriver) {
  SessionScript script;
  script.server_config.tls.mode = ClientTlsMode::kRequire;
  script.client(ssl_request(), {}, "S");
  script.does([](Session& session) {
    ASSERT_EQ(session.step(), Step::kStartClientTls);
    EXPECT_FALSE(session.wants_client_bytes());
    session.step_done();
    session.on_client_tls("");
  });
  script.client(app_startup(), {});
  connects(script, app_startup());
  script.play();
  SessionScript plain;
  plain.server_config.tls.mode = ClientTlsMode::kRequire;
  plain.client_ends_session(app_startup(), "28000");
  plain.play();
}

TEST(SessionStartup, G5MalformedPacketsEndTheSession) {
  SessionScript no_user;
  no_user.client_ends_session(startup({{"database", "shop"}}), "28000");
  no_user.play();
  SessionScript empty_user;
  empty_user.client_ends_session(startup({{"user", ""}}), "28000");
  empty_user.play();
  SessionScript twice;
  twice.client_ends_session(startup({{"user", "deploy"}, {"user", "app"}}), "08P01");
  twice.play();
  SessionScript old;
  old.client_ends_session(std::string("\0\0\0\x9\0\2\0\0\0", 9), "0A000");
  old.play();
}

TEST(SessionStartup, G5ImpossibleLengthsEndTheSessionWithoutAWord) {
  // The last but one is a ClientHello, the last the Terminate of a client that never began.
  for (const std::string& bytes : {std::string("\0\0\0\7", 4), std::string("\0\1\0\0", 4),
                                   std::string("\x16\x03\x01\x02"), std::string("X\0\0\0\4", 5)}) {
    SessionScript script;
    script.acts(
        [bytes](Session& session, ScriptServices& services) {
          session.feed_client(std::as_bytes(std::span(bytes.data(), bytes.size())));
          EXPECT_EQ(session.step(), Step::kFlushThenClose);
          EXPECT_FALSE(services.counters.empty());
        },
        {});
    script.play();
  }
}

TEST(SessionStartup, G6ClientThatLeavesAtOnceIsNothingToSpeakOf) {
  SessionScript script;
  script.acts(
      [](Session& session, ScriptServices& services) {
        session.on_client_closed();
        EXPECT_TRUE(services.counters.empty());
        EXPECT_EQ(session.step(), Step::kFlushThenClose);
      },
      {});
  script.play();
}

TEST(SessionStartup, G7UnknownOptionsAndMinorVersionsAreNegotiatedOnce) {
  SessionScript script;
  script.client(startup({{"user", "app"}, {"_pq_.x", "1"}, {"_pq_.y", "2"}}, 9999), {},
                parser::postgres::encode_negotiate_protocol_version(2, {"_pq_.x", "_pq_.y"}));
  connects(script, startup({{"user", "app"}}, 2));
  // The server's own negotiation stays between the two.
  script.server(parser::postgres::encode_negotiate_protocol_version(0, {}), {});
  script.server_passes(authentication_ok());
  script.play();
}

TEST(SessionStartup, G8KeysAreOurOwnAndAsLongAsTheVersionAllows) {
  SessionScript script;
  script.client(startup({{"user", "app"}}, 2), {});
  connects(script, startup({{"user", "app"}}, 2));
  script.server_passes(authentication_ok());
  script.acts(
      [](Session& session, ScriptServices& services) {
        const std::string bytes = key_data(77, std::string(256, 's'));
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        ASSERT_EQ(services.keys.size(), 1U);
        EXPECT_EQ(services.keys.front().secret.size(), 32U);
        EXPECT_EQ(services.keys.front().process_id, 77U);
        EXPECT_EQ(session.server_cancel_key().secret, std::string(256, 's'));
        session.take_to_client();
      },
      {});
  script.server_ends_session(key_data(78, "more"), "08P01");
  script.play();
}

TEST(SessionStartup, G9KeyDataMayBeAbsent) {
  SessionScript script;
  script.client(app_startup(), {});
  connects(script, app_startup());
  script.server_passes(authentication_ok() + notice("hello") + parameter_status("server_version", "15.1") + ready('I'));
  script.client_passes(query("SELECT 1"));
  script.play();
}

TEST(SessionStartup, G15CancelRequestNamesItsSessionAndIsNotAnswered) {
  SessionScript script;
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = parser::postgres::encode_cancel_request(77, "abcd");
        session.feed_client(std::as_bytes(std::span(bytes.data(), bytes.size())));
        ASSERT_EQ(session.step(), Step::kSendCancel);
        EXPECT_EQ(session.cancel_request().process_id, 77U);
        EXPECT_EQ(session.cancel_request().secret, "abcd");
        EXPECT_EQ(session.cancel_request().listener, "127.0.0.1:6432");
      },
      {});
  script.play();
}

TEST(SessionStartup, Evasion47And114GuardedSettingsAreRefusedInEverySpelling) {
  const std::vector<std::pair<std::string, std::string>> spellings = {
      {"options", "-c standard_conforming_strings=off"},
      {"options", "--standard-conforming-strings=off"},
      {"options", "-cSTANDARD_conforming_strings=off"},
      {"options", "-c work_mem=1MB\t-c standard_conforming\\_strings=off"},
      {"Standard_Conforming_Strings", "off"},
      {"client_encoding", "SJIS"},
      {"session_replication_role", "replica"},
      {"session_authorization", "postgres"},
      {"local_preload_libraries", "x"},
      {"options", "-O"},
  };
  for (const auto& [key, value] : spellings) {
    SCOPED_TRACE(key + "=" + value);
    SessionScript script;
    script.client_ends_session(startup({{"user", "app"}, {key, value}}), "42501");
    script.play();
    SessionScript observed;
    observed.mode = Mode::kObserve;
    const std::string packet = startup({{"user", "app"}, {key, value}});
    observed.client(packet, {});
    connects(observed, packet);
    observed.play();
  }
}

TEST(SessionStartup, OrdinarySettingsPass) {
  SessionScript script;
  const std::string packet = startup({{"user", "app"},
                                      {"client_encoding", "'utf-8'"},
                                      {"DateStyle", "ISO"},
                                      {"TimeZone", "UTC"},
                                      {"extra_float_digits", "2"},
                                      {"application_name", "flyway"},
                                      {"options", "-c search_path=app -c statement_timeout=5s --geqo=off"}});
  script.client(packet, {});
  connects(script, packet);
  script.play();
}

TEST(SessionStartup, G10SearchPathOfThePacketCounts) {
  // Options come first whatever the order in the packet; the key of its own wins.
  SessionScript script;
  const std::string packet =
      startup({{"user", "app"}, {"search_path", "pg_temp"}, {"options", "-c search_path=public"}});
  script.client(packet, {});
  connects(script, packet);
  script.server_passes(authentication_ok() + ready('I'));
  script.client_passes(query("CREATE TABLE x(a int)"));
  script.play();
}

TEST(SessionStartup, G11Evasion119ReplicationIsForListedUsers) {
  SessionScript script;
  script.client_ends_session(startup({{"user", "app"}, {"replication", "true"}}), "28000");
  script.play();
  SessionScript no_replication;
  const std::string packet = startup({{"user", "app"}, {"replication", "off"}});
  no_replication.client(packet, {});
  connects(no_replication, packet);
  no_replication.play();
}

TEST(SessionStartup, RequestsPipelinedBehindTheLoginWaitForIt) {
  SessionScript script;
  script.client(app_startup(), {});
  connects(script, app_startup());
  script.client(query("SELECT 1"), {});
  script.server(authentication_ok() + ready('I'), authentication_ok() + ready('I'), query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

// Section 2: {plain, TLS} x {plain, TLS}.
SessionScript sasl_login(bool client_tls, bool server_tls) {
  SessionScript script;
  if (client_tls) {
    script.server_config.tls.mode = ClientTlsMode::kAllow;
    script.client(ssl_request(), {}, "S");
    script.does([](Session& session) {
      session.step_done();
      session.on_client_tls("");
    });
  }
  script.client(app_startup(), {});
  if (server_tls) {
    script.server_config.upstream.tls = ServerTlsMode::kRequire;
    connects(script, ssl_request());
    script.server("S", {});
    script.acts(
        [](Session& session, ScriptServices&) {
          ASSERT_EQ(session.step(), Step::kStartUpstreamTls);
          session.step_done();
          session.on_upstream_tls();
        },
        app_startup());
  } else {
    connects(script, app_startup());
  }
  return script;
}

std::string sasl_initial(const std::string& flag) {
  const std::string first = flag + ",,n=,r=nonce";
  std::string body = std::string("SCRAM-SHA-256") + '\0';
  body += std::string("\0\0\0", 3) + static_cast<char>(first.size()) + first;
  return message('p', body);
}

TEST(SessionAuthentication, PlainToPlainAndTlsToPlainRelayTheListAsItIs) {
  for (const bool client_tls : {false, true}) {
    SessionScript script = sasl_login(client_tls, false);
    script.server_passes(parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256"}));
    script.client_passes(sasl_initial(client_tls ? "y" : "n"));
    script.client_passes(message('p', "c=biws,r=nonce,p=proof"));
    script.server_passes(authentication_ok() + ready('I'));
    script.play();
  }
}

TEST(SessionAuthentication, PlainToTlsTakesPlusOffTheList) {
  SessionScript script = sasl_login(false, true);
  script.server(parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}),
                parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256"}));
  script.client_passes(sasl_initial("n"));
  script.play();
  SessionScript only_plus = sasl_login(false, true);
  only_plus.server_ends_session(parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256-PLUS"}), "28000");
  only_plus.play();
}

TEST(SessionAuthentication, TlsToTlsWorksOnlyWithoutChannelBinding) {
  SessionScript script = sasl_login(true, true);
  script.server(parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}),
                parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256"}));
  script.client_passes(sasl_initial("n"));
  script.play();
  SessionScript refused = sasl_login(true, true);
  refused.server(parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}),
                 parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256"}));
  refused.client_ends_session(sasl_initial("y"), "28000");
  refused.play();
}

TEST(SessionAuthentication, G12ARequestInPlaceOfTheAnswerEndsTheLogin) {
  const std::string question = parser::postgres::encode_sasl_mechanisms({"SCRAM-SHA-256"});
  const std::string last_words =
      parser::postgres::encode_error({.severity = "FATAL",
                                      .severity_localised = {},
                                      .sqlstate = "08P01",
                                      .message = "expected SASL response, got message type 81",
                                      .detail = {},
                                      .hint = {}});
  SessionScript asked = sasl_login(false, false);
  asked.server_passes(question);
  asked.client(query("SELECT 1"), {}, last_words);
  asked.play();
  SessionScript ahead = sasl_login(false, false);
  ahead.client(query("SELECT 1"), {});
  ahead.server(question, question + last_words);
  ahead.play();
  SessionScript in_between = sasl_login(false, false);
  in_between.server_passes(question);
  in_between.client_passes(sasl_initial("n"));
  in_between.client(query("SELECT 1"), {});
  const std::string challenge = message('R', std::string("\0\0\0\x0b", 4) + "r=nonce");
  in_between.server(challenge, challenge + last_words);
  in_between.play();
}

TEST(SessionAuthentication, G3AndG2OnTheServerLeg) {
  for (const std::string answer : {"N", "E"}) {
    SessionScript script;
    script.server_config.upstream.tls = ServerTlsMode::kRequire;
    script.client(app_startup(), {});
    connects(script, ssl_request());
    script.server_ends_session(answer, "08006");
    script.play();
  }
  SessionScript prefer;
  prefer.server_config.upstream.tls = ServerTlsMode::kPrefer;
  prefer.client(app_startup(), {});
  connects(prefer, ssl_request());
  prefer.server("N", {}, app_startup());
  prefer.play();
}

TEST(SessionAuthentication, LoginErrorsAndUnknownMethods) {
  SessionScript failed;
  failed.client(app_startup(), {});
  connects(failed, app_startup());
  failed.server_passes(error("28P01", "password authentication failed", "FATAL"));
  failed.play();
  SessionScript gss;
  gss.client(app_startup(), {});
  connects(gss, app_startup());
  gss.server_ends_session(message('R', std::string("\0\0\0\7", 4)), "28000");
  gss.play();
  SessionScript unknown;
  unknown.client(app_startup(), {});
  connects(unknown, app_startup());
  unknown.server_ends_session(message('R', std::string("\0\0\0\x63", 4)), "08P01");
  unknown.play();
}

// PostgreSQL 14 and newer say at the login whether they are a standby.
TEST(SessionStartup, StandbyIsRefusedWhereThePrimaryIsWanted) {
  for (const std::string target : {"any", "primary"}) {
    SessionScript script;
    script.server_config.upstream.target = target;
    const std::string hello = startup({{"user", "app"}, {"database", "shop"}});
    script.client(hello, {});
    script.acts(
        [](Session& session, ScriptServices&) {
          session.step_done();
          session.on_upstream_connected("db2:5432");
        },
        hello);
    script.server_passes(authentication_ok() + parameter_status("in_hot_standby", "off"));
    if (target == "any") {
      script.server_passes(parameter_status("in_hot_standby", "on"));
    } else {
      script.server_ends_session(parameter_status("in_hot_standby", "on"), "57P03");
    }
    script.expects(
        [target](Session&, ScriptServices& services) { EXPECT_EQ(services.standbys, target == "primary" ? 1U : 0U); });
    script.play();
  }
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
