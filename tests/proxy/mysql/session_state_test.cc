// What a session remembers and what becomes of its statements: readings, databases, transactions, modes, the audit, and
// the ways in which it ends (mysql-wire 14, 40, 42-46, 49, evasion M3-M6, M30).
#include <gtest/gtest.h>

#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::kStatusAutocommit;
using parser::mysql::kStatusInTransaction;
using parser::mysql::kStatusMoreResults;
using policies::Action;
using policies::Mode;
using policies::Outcome;

constexpr std::string_view kTwoReadings = R"(SELECT '\'; DROP TABLE t; -- ')";

OkAnswer with_status(int flags) { return {.status = static_cast<uint16_t>(flags), .track = {}, .info = {}}; }
OkAnswer with_track(std::string track) { return {.track = std::move(track), .info = {}}; }

TEST(MySqlSessionReading, EveryReadingIsJudgedUntilTheServerHasToldOne) {
  SessionScript script;
  script.greets();
  Login forwarded = script.login;
  forwarded.capabilities |= parser::mysql::kClientSessionTrack;
  script.client(login_packet(script.login), login_packet(forwarded));
  script.server_releases(ok(2), tracking_request());
  script.client_waits(query(kTwoReadings));
  // What waited is read as the server has said.
  script.server(tracking_ok(), {}, query(kTwoReadings));
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionReading, SetThatTheServerRejectsLeavesEveryReading) {
  SessionScript script;
  script.greets();
  Login forwarded = script.login;
  forwarded.capabilities |= parser::mysql::kClientSessionTrack;
  script.client(login_packet(script.login), login_packet(forwarded));
  script.server_releases(ok(2), tracking_request());
  script.server(error(1193, "HY000", "Unknown system variable"), {});
  script.client_refused(query(kTwoReadings), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionReading, M4ReportedModeHolds) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query(kTwoReadings));
  script.server_passes(rows());
  script.runs("SET sql_mode = concat('NO_BACKSLASH', '_ESCAPES')",
              with_track(tracked("sql_mode", "NO_BACKSLASH_ESCAPES")));
  script.client_refused(query(kTwoReadings), "DROP TABLE");
  script.runs("SET sql_mode = ''", with_track(tracked("sql_mode", "")));
  script.client_passes(query(kTwoReadings));
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionReading, M3CharacterSetHoldsWithinTheTextToo) {
  SessionScript script;
  script.policy_options.rules.push_back(rule_on_class("any-setting", "setting", Action::kAllow));
  script.logs_in();
  script.client_refused(query("SET NAMES gbk; SELECT '\xaa\x5c'; DROP TABLE t; -- '"));
  script.runs("SET NAMES gbk", with_track(tracked("character_set_client", "gbk")));
  script.client_refused(query("SELECT '\xaa\x5c'; DROP TABLE t; -- '"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionReading, ServerThatReportsNothingIsAskedAgain) {
  SessionScript script;
  script.logs_in();
  // Somebody has turned the reports off: what was set is not reported.
  script.client_passes(query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'"));
  script.server_releases(ok(), tracking_request());
  script.client_waits(query(kTwoReadings));
  script.server_then_refused(tracking_ok("NO_BACKSLASH_ESCAPES"), "DROP TABLE", "");
  script.play();
}

TEST(MySqlSessionReading, WhoTurnsTheReportsOffHasThemTurnedOnAgain) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SET session_track_system_variables = ''"));
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionState, M14DatabaseFollowsItsReports) {
  SessionScript script;
  script.logs_in();
  script.client_passes(init_db("other"));
  script.server_passes(ok());
  script.does([](Session& session) { EXPECT_EQ(session.database(), "other"); });
  script.client_passes(init_db("nosuch"));
  script.server_passes(error(1049, "42000", "Unknown database"));
  script.does([](Session& session) { EXPECT_EQ(session.database(), "other"); });
  script.runs("USE third", with_track(tracked_schema("third")));
  script.does([](Session& session) { EXPECT_EQ(session.database(), "third"); });
  script.play();
}

TEST(MySqlSessionState, StatementIsJudgedByTheRulesOfEveryDatabaseItNames) {
  SessionScript script;
  policies::PolicyOptions open = script.policy_options;
  open.rules.push_back(rule_on_class("free-for-all", "schema", Action::kAllow));
  script.database_policies.emplace_back("playground", open);
  script.logs_in();
  // The default database's rules count with those of the one that is named.
  script.client_refused(query("CREATE TABLE playground.t (a int)"));
  script.client_passes(init_db("playground"));
  script.server_passes(ok());
  script.runs("DROP TABLE t");
  script.client_refused(query("DROP TABLE shop.t"));
  script.play();
}

// Everybody may change everything, but in the database with an accent.
void only_one_is_protected(SessionScript& script) {
  script.database_policies.emplace_back("caf\u00e9", script.policy_options);
  script.policy_options.rules.push_back(rule_on_class("free-for-all", "schema", Action::kAllow));
}

TEST(MySqlSessionState, M46DatabaseIsCalledWhatTheServerCallsIt) {
  SessionScript script;
  only_one_is_protected(script);
  script.logs_in();
  script.runs("SET NAMES latin1", with_track(tracked("character_set_client", "latin1")));
  script.client_passes(init_db("caf\xe9"));
  script.server(ok(1, with_track(tracked_schema("caf\u00e9"))), ok());
  script.does([](Session& session) { EXPECT_EQ(session.database(), "caf\u00e9"); });
  script.client_refused(query("DROP TABLE t"));
  script.client_passes(init_db("shop"));
  script.server(ok(1, with_track(tracked_schema("shop"))), ok());
  script.runs("DROP TABLE t");
  script.runs("USE `caf\xe9`", with_track(tracked_schema("caf\u00e9")));
  script.client_refused(query("DROP TABLE t"));
  script.play();
}

TEST(MySqlSessionState, M46DatabaseThatTheServerDoesNotNameMayBeAnyOne) {
  SessionScript script;
  only_one_is_protected(script);
  script.logs_in();
  script.runs("SET NAMES latin1", with_track(tracked("character_set_client", "latin1")));
  // Somebody has told the server not to report it.
  script.client_passes(init_db("caf\xe9"));
  script.server_passes(ok());
  script.client_refused(query("DROP TABLE t"));
  script.client_passes(init_db("shop"));
  script.server_passes(ok());
  script.runs("DROP TABLE t");
  script.play();
}

TEST(MySqlSessionState, M46NameInAnotherCharacterSetMayBeAnyDatabases) {
  SessionScript script;
  only_one_is_protected(script);
  script.logs_in();
  script.runs("DROP TABLE gr\u00f6\u00dfe.t");
  script.client_refused(query("DROP TABLE caf\u00e9.t"));
  script.client_refused(query("SET NAMES latin1; DROP TABLE caf\xe9.t"));
  script.client_refused(query("SET NAMES latin1; USE caf\xe9; DROP TABLE t"));
  script.runs("SET NAMES latin1", with_track(tracked("character_set_client", "latin1")));
  script.client_refused(query("DROP TABLE caf\xe9.t"));
  script.client_refused(query("USE caf\xe9; DROP TABLE t"));
  // Other names are nobody's business.
  script.runs("ALTER TABLE other.t ADD gr\xf6\xdf int");
  script.runs("DROP TABLE \xe9t");
  script.play();
}

TEST(MySqlSessionState, M46StatementOfTooManyDatabasesMayMeanAny) {
  SessionScript script;
  only_one_is_protected(script);
  script.logs_in();
  std::string text = "DROP TABLE caf\u00e9.t";
  for (int i = 0; i < 20; ++i) text += ", d" + std::to_string(i) + ".t";
  script.client_refused(query(text));
  script.play();
}

TEST(MySqlSessionState, M30TemporaryTableShadowsItsName) {
  SessionScript script;
  script.logs_in();
  script.runs("CREATE TEMPORARY TABLE u (a int)");
  script.runs("ALTER TABLE u ADD b int");
  script.runs("DROP TABLE u");
  script.client_refused(query("ALTER TABLE u ADD b int"));
  script.client_passes(query("CREATE TEMPORARY TABLE v (a int)"));
  script.server_passes(error(1044, "42000", "Access denied"));
  script.client_refused(query("DROP TABLE v"));
  script.play();
}

TEST(MySqlSessionState, M1PacketOfSeveralStatementsIsRefusedWhole) {
  SessionScript script;
  script.logs_in();
  script.client_refused(query("INSERT INTO t VALUES (1); DROP TABLE t; SELECT 1"), "DROP TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionState, M5ErrorBelongsToTheStatementThatFailed) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(query("CREATE TABLE a (a int); CREATE TABLE b (a int); CREATE TABLE c (a int)"));
  script.server_passes(ok(1, with_status(kStatusAutocommit | kStatusMoreResults)) +
                       error(1050, "42S01", "Table 'b' already exists", 2));
  script.expects_outcomes({Outcome::kCommitted, Outcome::kFailed, Outcome::kFailed});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionState, M6DdlCommitsWhatWasOpen) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(query("BEGIN"));
  script.server_passes(ok(1, with_status(kStatusInTransaction)));
  script.client_passes(query("CREATE TABLE a (a int)"));
  script.server_passes(ok());
  script.expects_outcomes({Outcome::kCommitted});
  script.client_passes(query("ROLLBACK"));
  script.server_passes(ok());
  script.expects_outcomes({Outcome::kCommitted});
  script.play();
}

TEST(MySqlSessionState, Wire43RefusalLeavesTheTransactionOpen) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("BEGIN"));
  script.server_passes(ok(1, with_status(kStatusInTransaction)));
  script.client_refused(query("DROP TABLE t"));
  script.does([](Session& session) { EXPECT_TRUE(session.in_transaction()); });
  script.client_passes(query("COMMIT"));
  script.server_passes(ok());
  script.does([](Session& session) { EXPECT_FALSE(session.in_transaction()); });
  script.play();
}

TEST(MySqlSessionModes, OffRelaysAndRecordsNothing) {
  SessionScript script;
  script.mode = Mode::kOff;
  script.logs_in();
  script.runs("DROP TABLE t");
  script.client_passes(execute(9));
  script.server_passes(error(1243, "HY000", "Unknown prepared statement handler"));
  script.client_passes(execute(9));
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.expects([](Session&, ScriptServices& services) { EXPECT_TRUE(services.records.empty()); });
  script.play();
}

TEST(MySqlSessionModes, ObserveAndWarnForwardAndRecordWhatEnforceWouldHaveDone) {
  for (const Mode mode : {Mode::kObserve, Mode::kWarn}) {
    SessionScript script;
    script.mode = mode;
    script.logs_in();
    script.runs("DROP TABLE t");
    script.expects([mode](Session&, ScriptServices& services) {
      ASSERT_GE(services.records.size(), 2U);
      EXPECT_EQ(services.records[1].would, Action::kBlock);
      EXPECT_EQ(services.warnings.size(), mode == Mode::kWarn ? 1U : 0U);
    });
    script.expects_outcomes({Outcome::kCommitted});
    script.play();
  }
}

TEST(MySqlSessionAudit, RecordedStatementWaitsForTheFile) {
  SessionScript script;
  script.audit_blocks = true;
  script.answers_by_hand = true;
  script.logs_in("deploy");
  script.client_waits(query("CREATE TABLE t (a int)") + query("SELECT 1"));
  script.acts([](Session& session, ScriptServices& services) { answer_audit(session, services); },
              query("CREATE TABLE t (a int)"));
  script.server_releases(ok(), query("SELECT 1"));
  script.server_passes(rows());
  script.expects_outcomes({Outcome::kCommitted});
  script.play();
}

TEST(MySqlSessionAudit, FileThatCannotBeWrittenStopsRecordedStatementsOnly) {
  SessionScript script;
  script.audit_blocks = true;
  script.audit_works = false;
  script.logs_in("deploy");
  script.client_refused(query("CREATE TABLE t (a int)"), "audit");
  script.expects_outcomes({Outcome::kRefused});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionEnding, Wire49NothingBehindQuitIsRead) {
  SessionScript script;
  script.logs_in();
  script.client(query("SELECT 1") + quit() + query("DROP TABLE t"), query("SELECT 1") + quit());
  script.does([](Session& session) {
    EXPECT_FALSE(session.wants_client_bytes());
    EXPECT_TRUE(session.finish_server_leg());
  });
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionEnding, HalfClosedClientStillGetsItsAnswer) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SELECT 1"));
  script.does([](Session& session) { session.on_client_closed(); });
  script.does([](Session& session) {
    EXPECT_EQ(session.step(), Step::kContinue);
    EXPECT_TRUE(session.finish_server_leg());
  });
  script.server_passes(rows());
  script.play();
}

TEST(MySqlSessionEnding, ClientThatLeavesWhileItsCommandWaitsIsNoticed) {
  for (const std::string_view text : {"SELECT GET_LOCK('a', 3600)", "CALL waits()", "SET @a = SLEEP(3600)"}) {
    SessionScript script;
    script.logs_in();
    script.client_passes(query(text));
    script.does([](Session& session) {
      EXPECT_TRUE(session.wants_client_bytes());
      EXPECT_FALSE(session.finish_server_leg());
      session.on_client_closed();
    });
    script.does([](Session& session) { EXPECT_TRUE(session.finish_server_leg()); });
    script.server_passes(ok());
    script.play();
  }
  SessionScript pipelined;
  pipelined.logs_in();
  pipelined.client(query("CALL waits()") + query("SELECT 1"), query("CALL waits()"));
  pipelined.does([](Session& session) { EXPECT_FALSE(session.wants_client_bytes()); });
  pipelined.server_releases(ok(), query("SELECT 1"));
  pipelined.server_passes(rows());
  pipelined.play();
}

TEST(MySqlSessionEnding, ServerThatVanishesLeavesAnUnknownOutcome) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(query("CREATE TABLE t (a int)"));
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kUnknown});
  script.expects_end();
  script.play();
}

TEST(MySqlSessionEnding, UnknownOutcomesAreHandedOverWhenTheGuardMayLook) {
  for (const bool may_look : {false, true}) {
    SessionScript script;
    if (may_look) {
      script.server_config.guard_login = ServerConfig::GuardLogin{.user = "g", .password_file = {}, .password_env = {}};
    }
    script.logs_in("deploy");
    script.client_passes(query("CREATE TABLE t (a int); DROP TABLE other.u"));
    script.server_passes(ok(1, with_status(kStatusAutocommit | kStatusMoreResults)));
    script.does([](Session& session) { session.on_server_closed(); });
    script.expects_outcomes({Outcome::kCommitted, Outcome::kUnknown});
    script.expects([may_look](Session&, ScriptServices& services) {
      ASSERT_EQ(services.lost.size(), may_look ? 1U : 0U);
      if (!may_look) return;
      const policies::LostTransaction& lost = services.lost[0];
      EXPECT_EQ(lost.process_id, 77U) << "the connection's number, from the greeting";
      EXPECT_EQ(lost.address, "127.0.0.1:3306");
      EXPECT_FALSE(lost.atomic);
      ASSERT_EQ(lost.statements.size(), 1U);
      EXPECT_FALSE(lost.statements[0].answered);
      EXPECT_EQ(lost.statements[0].facts->command, "DROP TABLE");
      EXPECT_EQ(lost.statements[0].names.search_path, std::vector<std::string>{"shop"});
    });
    script.expects_end();
    script.play();
  }
}

TEST(MySqlSessionEnding, DrainWaitsForTheTransactionAndForLocks) {
  SessionScript script;
  script.logs_in();
  script.runs("LOCK TABLES t WRITE");
  script.acts([](Session& session, ScriptServices&) { session.drain(); }, {});
  script.is_in_step();
  script.client_passes(query("UNLOCK TABLES"));
  script.server(ok(), ok() + error(1053, "08S01", "schemaguard is shutting down; connect again"));
  script.expects_end();
  script.play();

  SessionScript named;
  named.logs_in();
  named.client_passes(query("SELECT GET_LOCK('migration', 1)"));
  named.server_passes(rows());
  named.acts([](Session& session, ScriptServices&) { session.drain(); }, {});
  named.is_in_step();
  named.play();
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
