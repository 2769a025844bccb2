// Modes, refusals of every kind of message, limits, and the ways in which a session ends.
#include <gtest/gtest.h>

#include "parser/postgres/backend_messages.h"
#include "parser/postgres/frontend_messages.h"
#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Action;
using policies::Mode;
using policies::Outcome;

TEST(SessionModes, OffRelaysAndRecordsNothing) {
  SessionScript script;
  script.mode = Mode::kOff;
  script.logs_in();
  script.client_passes(query("DROP TABLE t") + function_call(1) + query("BEGIN"));
  script.server_passes(complete("DROP TABLE") + ready('I') + message('V', std::string(4, '\xff')) + ready('I') +
                       complete("BEGIN") + ready('T'));
  script.expects([](Session&, ScriptServices& services) { EXPECT_TRUE(services.records.empty()); });
  script.play();
}

TEST(SessionModes, ObserveForwardsAndRecordsWhatEnforceWouldHaveDone) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(query("DROP TABLE t") + query(std::string("SELECT 1\0x", 10)) + query("SELECT 'open"));
  script.server_passes(complete("DROP TABLE") + ready('I') + error("08P01", "invalid message format") + ready('I') +
                       error("42601", "unterminated") + ready('I'));
  script.expects([](Session&, ScriptServices& services) {
    size_t would_block = 0;
    for (const auto& record : services.records) {
      if (record.event != policies::AuditEvent::kStatement) continue;
      EXPECT_EQ(record.verdict, Action::kAllow);
      would_block += record.would == Action::kBlock ? 1 : 0;
    }
    EXPECT_EQ(would_block, 3U);
  });
  script.play();
}

TEST(SessionModes, WarnSpeaksDirectlyBeforeTheFirstAnswerToTheMessage) {
  SessionScript script;
  script.mode = Mode::kWarn;
  script.logs_in();
  script.client_passes(query("SELECT 1") + query("DROP TABLE t"));
  script.server_passes(complete("SELECT 1") + ready('I') + notice("by the server"));
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = complete("DROP TABLE") + ready('I');
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        const Pieces pieces = session.take_to_client();
        ASSERT_EQ(pieces.size(), 2U);
        EXPECT_EQ(static_cast<char>(pieces[0][0]), 'N');
        std::string text;
        for (const std::byte byte : pieces[0]) text.push_back(static_cast<char>(byte));
        EXPECT_NE(text.find("WARNING"), std::string::npos);
        EXPECT_NE(text.find("01000"), std::string::npos);
        EXPECT_NE(text.find("DROP TABLE"), std::string::npos);
        EXPECT_EQ(pieces[1].size(), bytes.size());
      },
      {});
  script.play();
}

TEST(SessionModes, WarnSpeaksOnceForOneExtendedExecution) {
  SessionScript script;
  script.mode = Mode::kWarn;
  script.logs_in();
  script.client_passes(parse("", "DROP TABLE t") + bind("", "") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete());
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = complete("DROP TABLE") + ready('I');
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        const Pieces pieces = session.take_to_client();
        ASSERT_EQ(pieces.size(), 2U);
        EXPECT_EQ(static_cast<char>(pieces[0][0]), 'N');
      },
      {});
  script.play();
}

TEST(SessionModes, NewModeHoldsForTheNextStatement) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(query("DROP TABLE t"));
  script.server_passes(complete("DROP TABLE") + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.query_refused("DROP TABLE t");
  script.server_rejects('Q', "DROP TABLE", ready('I'));
  script.sets_mode(Mode::kOff);
  script.client_passes(query("DROP TABLE t"));
  script.play();
}

TEST(SessionRefusal, G37Evasion90FunctionCallIsRefusedUnlessListed) {
  SessionScript script;
  script.server_config.function_call_oids = {2026};
  script.logs_in();
  script.client(function_call(1), function_call(0));
  script.server_rejects('F', "FUNCTION CALL", ready('I'));
  script.client_passes(function_call(2026));
  script.server_passes(message('V', std::string(4, '\xff')) + ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionRefusal, LargeObjectsAreReadAndWrittenByNumber) {
  SessionScript script;
  script.logs_in();
  for (const uint32_t oid : {715U, 952U, 953U, 954U, 955U, 956U, 957U, 958U, 964U, 1004U, 3170U, 3171U, 3172U}) {
    script.client_passes(function_call(oid));
    script.server_passes(message('V', std::string(4, '\xff')) + ready('I'));
  }
  for (const uint32_t server_file : {764U, 765U, 767U}) {  // lo_import, lo_export
    script.client(function_call(server_file), function_call(0));
    script.server_rejects('F', "FUNCTION CALL", ready('I'));
  }
  script.play();
}

TEST(SessionRefusal, OtherErrorInItsPlaceIsRelayedAsItIs) {
  SessionScript script;
  script.logs_in();
  script.query_refused("DROP TABLE t");
  script.server_passes(error("57014", "canceling statement due to user request") + ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionRefusal, ExitOnErrorKeepsItsSeverity) {
  SessionScript script;
  script.logs_in();
  script.query_refused("DROP TABLE t");
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = error("42601", "syntax error at or near \"sg_b0b1b2b3b4b5b6b7\"", "FATAL");
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        std::string text;
        for (const Bytes piece : session.take_to_client()) {
          for (const std::byte byte : piece) text.push_back(static_cast<char>(byte));
        }
        const auto fields = parser::postgres::decode_error_fields(std::string_view(text).substr(5));
        ASSERT_TRUE(fields.has_value());
        EXPECT_TRUE(fields->is_fatal());
        EXPECT_EQ(fields->get('C'), "42501");
      },
      {});
  script.play();
}

TEST(SessionRefusal, AuditThatCannotBeWrittenStopsAuditedStatementsOnly) {
  SessionScript script;
  script.audit_blocks = true;
  script.audit_works = false;
  script.logs_in("deploy");
  script.query_refused("CREATE TABLE t(a int)", "builtin.audit");
  script.server_rejects('Q', "audit", ready('I'));
  script.expects_outcomes({Outcome::kRefused});
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionRefusal, RestoreIntoALiveDatabaseLeavesNoHalf) {
  SessionScript script;
  script.logs_in();
  script.query_refused("CREATE TABLE t(a int)");
  script.server_rejects('Q', "CREATE TABLE", ready('I'));
  script.query_refused("COPY t FROM STDIN", "builtin.restore");
  script.server_rejects('Q', "doubled", ready('I'));
  script.query_refused("SELECT pg_catalog.setval('t_id_seq', 5, true)", "builtin.restore");
  script.server_rejects('Q', "doubled", ready('I'));
  script.client_passes(query("INSERT INTO other VALUES (1)"));
  script.server_passes(complete("INSERT 0 1") + ready('I'));
  script.play();
}

policies::Rule drops_blocked(policies::Verdict::After after) {
  policies::Rule rule = rule_on_class("no-drops", "schema", policies::Action::kBlock);
  rule.after = after;
  return rule;
}

TEST(SessionRefusal, RuleMayRefuseTheWritesThatFollow) {
  SessionScript script;
  script.policy_options.rules.push_back(drops_blocked(policies::Verdict::After::kRefuseWrites));
  script.logs_in();
  script.client_passes(query("INSERT INTO other VALUES (1)"));
  script.server_passes(complete("INSERT 0 1") + ready('I'));
  script.query_refused("ALTER TABLE t DROP COLUMN a", "no-drops");
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  for (const char* write : {"INSERT INTO other VALUES (1)", "WITH w AS (DELETE FROM other RETURNING *) SELECT * FROM w",
                            "COPY other FROM STDIN", "TRUNCATE other", "SELECT setval('s', 5)"}) {
    script.query_refused(write, "no-drops");
    script.server_rejects('Q', "an earlier statement of this session was refused", ready('I'));
  }
  script.parse_refused("", "UPDATE other SET a = 1", "no-drops");
  script.server_rejects('P', "its writes are too");
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.client_passes(query("SELECT * FROM other"));
  script.server_passes(complete("SELECT 0") + ready('I'));
  script.client_passes(query("BEGIN"));
  script.server_passes(complete("BEGIN") + ready('T'));
  script.play();
}

TEST(SessionRefusal, RuleMayEndTheSession) {
  SessionScript script;
  script.policy_options.rules.push_back(drops_blocked(policies::Verdict::After::kDisconnect));
  script.logs_in();
  script.query_refused("ALTER TABLE t DROP COLUMN a", "no-drops");
  script.server_rejects('Q', "ALTER TABLE");
  const std::string last_words =
      parser::postgres::encode_error({.severity = "FATAL",
                                      .severity_localised = {},
                                      .sqlstate = "57P01",
                                      .message = "schemaguard: session ended by the rule that refused its statement",
                                      .detail = {},
                                      .hint = {}});
  script.server(ready('I'), ready('I') + last_words);
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

TEST(SessionRefusal, Evasion55And56MalformedTextIsRefused) {
  SessionScript script;
  script.logs_in();
  script.client_refused(message('Q', std::string("SELECT 1\0CREATE TABLE t(a int)\0", 31)),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "blocked", ready('I'));
  script.client_refused(message('Q', "DROP TABLE t"),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "blocked", ready('I'));
  script.play();
}

TEST(SessionLimits, Evasion101And102BrokenFramingEndsTheSession) {
  for (const std::string& bytes : {message('y', "x"), std::string("Q\0\0\0\3", 5), std::string("Q\xff\xff\xff\xff", 5),
                                   std::string("E\0\1\0\0", 5), message('S', "x"), message('H', "x")}) {
    SessionScript script;
    script.logs_in();
    script.client_ends_session(bytes, "08P01");
    script.play();
  }
}

TEST(SessionLimits, Evasion68TextBeyondTheLimitIsRefusedWithoutBeingHeld) {
  SessionScript script;
  script.limits.message_bytes_max = 1000;
  script.logs_in();
  script.client_refused(query("SELECT '" + std::string(200'000, 'x') + "'"),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "blocked", ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.expects([](Session&, ScriptServices& services) { EXPECT_EQ(services.held_bytes, 0U); });
  script.play();
}

TEST(SessionLimits, Evasion81NamesThatTheServerConvertsAreNotGuessed) {
  SessionScript script;
  script.logs_in();
  script.server_passes(parameter_status("server_encoding", "UTF8") + parameter_status("client_encoding", "LATIN1"));
  script.client_refused(parse("\xe9", "SELECT 1"),
                        [](const std::string& token) { return parse("\xe9", token + " /* builtin.unread */"); });
  script.server_rejects('P', "ambiguous_name");
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.client_refused(bind("", "\xe9"), [](const std::string& token) { return postgres::bind("", token); });
  script.server_rejects('B', "ambiguous_name");
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.client_refused(query("EXECUTE \"\xe9\""),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "ambiguous_name", ready('I'));
  // Without a conversion the bytes are the name.
  script.server_passes(parameter_status("client_encoding", "UTF8"));
  script.client_passes(parse("\xc3\xa9", "SELECT 1") + bind("", "\xc3\xa9") + sync());
  script.server_passes(parse_complete() + bind_complete() + ready('I'));
  script.play();
}

TEST(SessionLimits, PreparedStatementsThatMustBeRememberedAreBounded) {
  SessionScript script;
  script.limits.statements_per_session_max = 1;
  script.logs_in();
  script.client_passes(parse("one", "SET work_mem = '1MB'") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.client_refused(parse("two", "SET work_mem = '2MB'"),
                        [](const std::string& token) { return parse("two", token + " /* builtin.unread */"); });
  script.server_rejects('P', "too_many_prepared");
  script.client_passes(sync());
  script.server_passes(ready('I'));
  // The same name again is the server's business, and what is harmless needs no room.
  script.client_passes(parse("harmless", "SELECT 1") + close('S', "one") + sync());
  script.server_passes(parse_complete() + close_complete() + ready('I'));
  script.client_passes(parse("two", "SET work_mem = '2MB'") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.client_refused(query("PREPARE three AS SELECT 1"),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "too_many_prepared", ready('I'));
  script.play();
}

TEST(SessionLimits, TextsOfPreparedStatementsAreBoundedTogether) {
  const std::string filler = ", '" + std::string(1000, 'x') + "'";
  SessionScript script;
  script.limits.prepared_bytes_per_session_max = 1500;
  script.logs_in();
  script.client_passes(query("PREPARE one AS SELECT 1" + filler));
  script.server_passes(complete("PREPARE") + ready('I'));
  script.client_refused(query("PREPARE two AS SELECT 2" + filler),
                        [](const std::string& token) { return query(token + " /* builtin.unread */"); });
  script.server_rejects('Q', "too_many_prepared", ready('I'));
  // The unnamed statement is replaced each time, and what is deallocated makes room again.
  script.client_passes(parse("", "SET search_path = a" + filler) + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.client_passes(query("DEALLOCATE one"));
  script.server_passes(complete("DEALLOCATE") + ready('I'));
  script.client_passes(query("PREPARE two AS SELECT 2" + filler));
  script.server_passes(complete("PREPARE") + ready('I'));
  script.client_passes(query("DEALLOCATE ALL"));
  script.server_passes(complete("DEALLOCATE ALL") + ready('I'));
  script.client_passes(query("PREPARE three AS SELECT 3" + filler));
  script.server_passes(complete("PREPARE") + ready('I'));
  script.play();
}

TEST(SessionLimits, ErrorOfAnyLengthPasses) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SELECT f()") + query("SELECT 2"));
  const std::string long_error = error("42601", "quotes its text: " + std::string(1'500'000, 'q'));
  script.acts(
      [long_error](Session& session, ScriptServices&) {
        const std::string bytes = long_error + ready('I') + complete("SELECT 1") + ready('I');
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        size_t passed = 0;
        for (const Bytes piece : session.take_to_client()) passed += piece.size();
        EXPECT_EQ(passed, bytes.size());
        EXPECT_EQ(session.step(), Step::kContinue);
      },
      {});
  script.play();
}

TEST(SessionLimits, LoginMessagesInMidSessionEndIt) {
  for (const std::string& bytes : {authentication_ok(), key_data(1, "abcd"), message('?', {})}) {
    SessionScript script;
    script.logs_in();
    script.server_ends_session(bytes, "08P01");
    script.play();
  }
}

TEST(SessionEnding, Evasion104NothingBehindTerminateIsRead) {
  SessionScript script;
  script.logs_in();
  script.client(query("SELECT 1") + terminate() + query("DROP TABLE t"), query("SELECT 1") + terminate());
  script.expects([](Session& session, ScriptServices&) {
    EXPECT_FALSE(session.wants_client_bytes());
    EXPECT_TRUE(session.finish_server_leg());
  });
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionEnding, G22HalfCloseStillGetsItsAnswer) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SELECT 1"));
  script.does([](Session& session) { session.on_client_closed(); });
  script.expects([](Session& session, ScriptServices&) {
    EXPECT_EQ(session.step(), Step::kContinue);
    EXPECT_TRUE(session.finish_server_leg());
  });
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionEnding, DrainWaitsForTheTransaction) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("BEGIN"));
  script.server_passes(complete("BEGIN") + ready('T'));
  script.acts([](Session& session, ScriptServices&) { session.drain(); }, {});
  script.client_passes(query("COMMIT"));
  script.acts(
      [](Session& session, ScriptServices&) {
        const std::string bytes = complete("COMMIT") + ready('I');
        session.feed_server(std::as_bytes(std::span(bytes.data(), bytes.size())));
        EXPECT_EQ(session.step(), Step::kFlushThenClose);
        session.take_to_client();
      },
      {});
  script.play();
}

TEST(SessionEnding, DrainWaitsForTheSyncOfAnOpenBatch) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "INSERT INTO t VALUES (1)") + bind("", "") + execute("") + flush());
  script.server_passes(parse_complete() + bind_complete() + complete("INSERT 0 1"));
  script.acts([](Session& session, ScriptServices&) { session.drain(); }, {});
  script.client_passes(sync());
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kContinue); });
  script.play();
}

TEST(SessionEnding, ServersLastWordsReachTheClient) {
  SessionScript script;
  script.logs_in();
  script.server_passes(error("57P01", "terminating connection due to administrator command", "FATAL"));
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
