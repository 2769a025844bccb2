// Commands whose answers have a shape of their own, and what follows a refusal: CALL, bulk execution, commands without
// SQL, the audit that cannot be written, the end of a session by rule (mysql-wire 32-34, 37, 40, 42, evasion M12, M15,
// M17, M41).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::Command;
using parser::mysql::kStatusAutocommit;
using parser::mysql::kStatusMoreResults;
using policies::Action;
using policies::Mode;
using policies::Outcome;

constexpr uint16_t kMore = kStatusAutocommit | kStatusMoreResults;
constexpr uint32_t kLast = 0xFFFFFFFF;

// rows() takes four numbers; one result behind the other.
std::string results(int count, const std::string& end) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += rows(static_cast<uint8_t>(4 * i + 1), kMore);
  return bytes + end;
}

TEST(MySqlSessionReplies, M41CallBringsAnyNumberOfResults) {
  for (const int count : {0, 1, 2, 60}) {
    SessionScript script;
    script.logs_in();
    // What comes behind it is not read before the last of them is here.
    script.client(query("CALL p()") + query("SELECT 1"), query("CALL p()"));
    if (count > 0) script.server_passes(results(count, {}));
    script.server_releases(ok(static_cast<uint8_t>(4 * count + 1)), query("SELECT 1"));
    script.server_passes(rows());
    script.play();
  }
}

TEST(MySqlSessionReplies, M41ErrorEndsTheResultsOfACall) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("CALL p()"));
  script.server_passes(results(2, error(1146, "42S02", "no such table", 9)));
  script.is_in_step();
  // The next result belongs to nobody.
  script.server_ends_session(rows(), parser::mysql::kErrMalformedPacket);
  script.play();
}

TEST(MySqlSessionReplies, Wire40PreparedCallBringsThemToo) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("CALL p(?)"));
  script.server_passes(prepared(1, 1));
  script.client_passes(execute(1, std::string("\0\1\xfd\0\1x", 6)));
  const std::string definitions = rows().substr(0, 5 + 28);
  const auto result = [&](uint8_t sequence) {
    std::string bytes = definitions;
    bytes[3] = static_cast<char>(sequence);
    bytes[8] = static_cast<char>(sequence + 1);
    return bytes + packet(std::string("\0\0\1x", 4), static_cast<uint8_t>(sequence + 2)) +
           ok(static_cast<uint8_t>(sequence + 3), {.status = kMore, .track = {}, .info = {}, .header = 0xFE});
  };
  script.server_passes(result(1) + result(5) + ok(9));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionReplies, M41WhatACallLeavesOfTheTemporaryTablesIsUnknown) {
  SessionScript script;
  script.logs_in();
  script.runs("CREATE TEMPORARY TABLE u (a int)");
  script.runs("ALTER TABLE u ADD b int");
  script.client_passes(query("CALL p()"));
  script.server_passes(results(1, ok(5)));
  script.client_refused(query("ALTER TABLE u ADD c int"));
  script.play();
}

TEST(MySqlSessionReplies, M41SeveralResultsOfOneTextBelongToItsStatements) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(query("CREATE TABLE a (a int); CALL p(); CREATE TABLE b (a int)"));
  // Which of them has failed cannot be told any more: nobody is told that it has not run.
  script.server_passes(ok(1, {.status = kMore, .track = {}, .info = {}}) + rows(2, kMore) +
                       error(1050, "42S01", "Table 'b' already exists", 6));
  script.expects([](Session&, ScriptServices& services) {
    for (const Outcome outcome : outcomes_of(services)) EXPECT_EQ(outcome, Outcome::kUnknown);
    EXPECT_GE(outcomes_of(services).size(), 2U);
  });
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionReplies, M12BulkExecutionRunsWhatWasPrepared) {
  SessionScript script;
  script.hello.mariadb = script.login.mariadb = parser::mysql::kMariaDbStmtBulkOperations;
  script.logs_in();
  script.client_passes(prepare("INSERT INTO t VALUES (?)"));
  script.server_passes(prepared(1, 1));
  const std::string sets("\xfd\0\0\1a\0\1b\1", 9);
  script.client_passes(bulk_execute(1, sets));
  script.server_passes(ok());
  // A failing set ends them all; a server may also answer with a row for each.
  script.client_passes(bulk_execute(1, sets) + bulk_execute(1, sets));
  script.server_passes(error(1062, "23000", "Duplicate entry"));
  const std::string row = packet(std::string("\0\0\1x", 4), 3);
  script.server_passes(rows().substr(0, 5 + 28) + row + ok(4, {.track = {}, .info = {}, .header = 0xFE}));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionReplies, M12BulkExecutionIsJudgedAsItsStatement) {
  SessionScript script;
  script.hello.mariadb = script.login.mariadb = parser::mysql::kMariaDbStmtBulkOperations;
  script.logs_in("deploy");
  script.client_passes(prepare("CREATE TABLE made (a int)"));
  script.server_passes(prepared(1));
  script.client_passes(bulk_execute(1));
  script.server_passes(ok());
  script.expects_outcomes({Outcome::kCommitted});
  script.client_passes(bulk_execute(kLast));
  script.server_passes(error(1050, "42S01", "Table 'made' already exists"));
  script.expects_outcomes({Outcome::kCommitted, Outcome::kFailed});
  // Another user's rules hold from here on, and the ids are gone.
  script.client_passes(change_user("app", "shop", "mysql_native_password"));
  script.server_releases(ok(), tracking_request());
  script.server(tracking_ok(), {});
  script.client_gets_error(bulk_execute(1), 1243, "Unknown prepared statement");
  script.client_gets_error(bulk_execute(kLast), 1243, "Unknown prepared statement");
  script.play();
}

TEST(MySqlSessionReplies, M12BulkExecutionOfARefusedPrepareIsNobodys) {
  SessionScript script;
  script.hello.mariadb = script.login.mariadb = parser::mysql::kMariaDbStmtBulkOperations;
  script.logs_in();
  script.client_passes(prepare("INSERT INTO t VALUES (?)"));
  script.server_passes(prepared(1, 1));
  script.client_refused(prepare("DROP TABLE t"));
  script.client_gets_error(bulk_execute(kLast, "x"), 1243, "Unknown prepared statement");
  script.client_gets_error(bulk_execute(9, "x"), 1243, "Unknown prepared statement");
  // Too short for an id and flags.
  script.client_gets_error(command(Command::kStmtBulkExecute, "\1"), parser::mysql::kErrMalformedPacket, "Malformed");
  script.client_passes(bulk_execute(1, "x"));
  script.server_passes(ok());
  script.play();
}

TEST(MySqlSessionReplies, M15DatabasesAreNotMadeByCommands) {
  for (const Mode mode : {Mode::kOff, Mode::kObserve, Mode::kEnforce}) {
    SessionScript script;
    script.mode = mode;
    script.logs_in("deploy");
    script.client_gets_error(command(Command::kCreateDb, "made"), 1047, "Unknown command");
    script.client_gets_error(command(Command::kDropDb, "shop"), 1047, "Unknown command");
    script.is_in_step();
    script.play();
  }
}

TEST(MySqlSessionReplies, Wire32DatabaseByCommandHasAName) {
  SessionScript script;
  script.logs_in();
  script.client_gets_error(init_db(std::string("sh\0op", 5)), 1102, "Incorrect database name");
  // What a missing one means is for the server to say.
  script.client_passes(init_db(""));
  script.server_passes(error(1046, "3D000", "No database selected"));
  script.does([](Session& session) { EXPECT_EQ(session.database(), "shop"); });
  script.client_passes(init_db("other"));
  script.server_passes(ok());
  script.client_refused(query("DROP TABLE t"), "other.t");
  script.play();
}

TEST(MySqlSessionReplies, M17DebugIsAnAdministratorsCommand) {
  const std::string end = ok(1, {.track = {}, .info = {}, .header = 0xFE});
  for (const std::string& answer : {end, error(1227, "42000", "Access denied")}) {
    SessionScript script;
    script.logs_in();
    script.client_passes(command(Command::kDebug));
    script.server_passes(answer);
    script.expects([](Session&, ScriptServices& services) {
      const auto is_debug = [](const policies::AuditRecord& record) {
        return record.facts != nullptr && record.facts->command == "DEBUG";
      };
      EXPECT_TRUE(std::any_of(services.records.begin(), services.records.end(), is_debug));
    });
    script.is_in_step();
    script.play();
  }
  SessionScript forbidden;
  forbidden.policy_options.rules.push_back(rule_on_class("no-administration", "admin", Action::kBlock));
  forbidden.logs_in();
  forbidden.client_refused(command(Command::kDebug), "DEBUG");
  forbidden.client_refused(command(Command::kProcessKill, std::string("\7\0\0\0", 4)), "KILL");
  forbidden.client_refused(command(Command::kRefresh, "\1"), "FLUSH");
  forbidden.is_in_step();
  forbidden.play();
}

TEST(MySqlSessionReplies, Wire32SimpleAnswersKeepTheirShape) {
  SessionScript script;
  script.logs_in();
  script.client_passes(command(Command::kStatistics));
  script.server_passes(packet("Uptime: 1  Threads: 2", 1));
  script.client_passes(command(Command::kFieldList, std::string("t\0%", 3)));
  script.server_passes(packet(std::string("\3def\4shop\1t\1t\1a\1a\x0c\x3f\0\4\0\0\0\3\0\0\0\0\0\xfb", 31), 1) +
                       ok(2, {.track = {}, .info = {}, .header = 0xFE}));
  script.client_passes(set_option(1));
  script.server_passes(ok(1, {.track = {}, .info = {}, .header = 0xFE}));
  script.client_passes(set_option(7));
  script.server_passes(error(1047, "08S01", "Unknown command"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionRules, Wire42RefusalMayEndTheSession) {
  SessionScript script;
  policies::Rule rule = rule_on_class("never-again", "schema", Action::kBlock);
  rule.after = policies::Verdict::After::kDisconnect;
  script.policy_options.rules.push_back(rule);
  script.logs_in();
  script.client(query("SELECT 1") + query("DROP TABLE t") + query("INSERT INTO t VALUES (1)"), query("SELECT 1"));
  script.server_then_refused(rows(), "DROP TABLE");
  script.expects_end();
  // Nothing behind it is read, from either side.
  script.client(query("SELECT 2"), {});
  script.server(ok(), {});
  script.play();
}

TEST(MySqlSessionRules, Wire42RefusalOfALongTextEndsTheSessionAtOnce) {
  SessionScript script;
  policies::Rule rule = rule_on_class("never-again", "unread", Action::kBlock);
  rule.after = policies::Verdict::After::kDisconnect;
  script.policy_options.rules.push_back(rule);
  script.limits.message_bytes_max = 1024;
  script.logs_in();
  script.client_refused(query(std::string(5000, 'x')).substr(0, 2000), "blocked");
  script.expects_end();
  script.play();
}

TEST(MySqlSessionRules, WritesBehindARefusalMayBeRefusedToo) {
  SessionScript script;
  policies::Rule rule = rule_on_class("half-a-script", "schema", Action::kBlock);
  rule.after = policies::Verdict::After::kRefuseWrites;
  script.policy_options.rules.push_back(rule);
  script.logs_in();
  script.client_passes(query("INSERT INTO t VALUES (1)"));
  script.server_passes(ok());
  script.client_refused(query("CREATE TABLE made (a int)"));
  script.client_refused(query("INSERT INTO t VALUES (2)"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionAudit, FailingFileStopsNothingWhereTheAuditMayGoOn) {
  SessionScript script;
  script.audit_blocks = false;
  script.audit_works = false;
  script.logs_in("deploy");
  script.runs("CREATE TABLE t (a int)");
  script.expects_outcomes({Outcome::kCommitted});
  script.play();
}

TEST(MySqlSessionAudit, FailingFileStopsPreparedStatementsAtTheirExecution) {
  SessionScript script;
  script.audit_blocks = true;
  script.audit_works = false;
  script.logs_in("deploy");
  script.client_passes(prepare("CREATE TABLE t (a int)"));
  script.server_passes(prepared(1));
  script.client_refused(execute(1), "audit");
  script.client_refused(query("CREATE TABLE a (a int); SELECT 1"), "audit");
  script.expects_outcomes({Outcome::kRefused, Outcome::kRefused});
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionAudit, NothingWaitsForTheFileInObserveMode) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.audit_blocks = true;
  script.answers_by_hand = true;
  script.logs_in();
  script.runs("CREATE TABLE t (a int)");
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
