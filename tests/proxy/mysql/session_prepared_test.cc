// Prepared statements, by number and by name, and what they may not do (mysql-wire 32, 37-40, evasion M7-M13, M30).
#include <gtest/gtest.h>

#include "tests/proxy/mysql/session_script.h"

namespace schemaguard::proxy::mysql {
namespace {

using parser::mysql::kLastStatementId;
using policies::Mode;
using policies::Outcome;

TEST(MySqlSessionPrepared, M7PreparedDdlIsRefusedBeforeTheServerKnowsIt) {
  SessionScript script;
  script.logs_in();
  script.client_refused(prepare("alter table users add a int"), "ALTER TABLE");
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionPrepared, M7VerdictIsMadeAgainAtTheExecution) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(prepare("DROP TABLE t"));
  script.server_passes(prepared(1));
  script.client_passes(execute(1));
  script.server_passes(ok());
  script.sets_mode(Mode::kEnforce);
  script.client_refused(execute(1), "DROP TABLE");
  script.client_refused(bulk_execute(1), "DROP TABLE");
  script.is_in_step();
  script.expects_outcomes({Outcome::kCommitted});
  script.play();
}

TEST(MySqlSessionPrepared, Wire37LastOneOfARefusedPrepareIsNobodys) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("DELETE FROM t"));
  script.server_passes(prepared(1));
  script.client_passes(execute(kLastStatementId));
  script.server_passes(ok());
  script.client_refused(prepare("DROP TABLE t"));
  script.client_gets_error(execute(kLastStatementId), 1243, "Unknown prepared statement");
  script.client_gets_error(bulk_execute(kLastStatementId), 1243, "Unknown prepared statement");
  script.client_passes(execute(1));
  script.server_passes(ok());
  script.client_passes(prepare("DELETE FROM u"));
  script.server_passes(prepared(2));
  script.client_passes(execute(kLastStatementId));
  script.server_passes(ok());
  script.play();
}

TEST(MySqlSessionPrepared, Wire37PipelinedExecutionGoesWithItsPrepare) {
  SessionScript script;
  script.logs_in();
  script.client(prepare("DELETE FROM t") + execute(kLastStatementId), prepare("DELETE FROM t"));
  script.server_releases(prepared(1), execute(kLastStatementId));
  script.server_passes(ok());
  script.client(query("SELECT 1") + prepare("DROP TABLE t"), query("SELECT 1"));
  script.server_then_refused(rows());
  script.client_gets_error(execute(kLastStatementId), 1243, "Unknown prepared statement");
  script.play();
}

TEST(MySqlSessionPrepared, Wire38IdsThatTheServerNeverGaveAreUnknown) {
  SessionScript script;
  script.logs_in();
  script.client_gets_error(execute(7), 1243, "Unknown prepared statement");
  script.client_gets_error(execute(kLastStatementId), 1243, "Unknown prepared statement");
  script.client_passes(prepare("DELETE FROM t"));
  script.server_passes(prepared(7));
  script.client_passes(execute(7));
  script.server_passes(ok());
  script.client_passes(close_statement(7));
  script.client_gets_error(execute(7), 1243, "Unknown prepared statement");
  script.play();
}

TEST(MySqlSessionPrepared, WhatIsOnlyPreparedHasNoEffect) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("CREATE TEMPORARY TABLE users (a int)"));
  script.server_passes(prepared(1));
  script.client_refused(query("DROP TABLE users"));
  script.client_passes(execute(1));
  script.server_passes(ok());
  script.runs("DROP TABLE users");
  script.client_refused(query("DROP TABLE users"));
  script.runs("PREPARE s FROM 'CREATE TEMPORARY TABLE users (a int)'");
  script.client_refused(query("DROP TABLE users"));
  script.runs("EXECUTE s");
  script.runs("DROP TABLE users");
  script.play();
}

TEST(MySqlSessionPrepared, M9TextPreparedByNameIsJudgedWhenItIsSeen) {
  SessionScript script;
  script.logs_in();
  script.client_refused(query("PREPARE s FROM 'DROP TABLE t'"));
  script.client_refused(query("EXECUTE IMMEDIATE concat('drop', ' table t')"));
  script.client_refused(query("PREPARE s FROM @q; EXECUTE s"));
  script.client_refused(query("EXECUTE nobody_knows_it"));
  script.client_refused(query("PREPARE s FROM 'SELECT 1'; EXECUTE s; DROP TABLE t"));
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionPrepared, M11CursorsAreFetchedFrom) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("SELECT a FROM t"));
  script.server_passes(prepared(1, 0, 1));
  const std::string all = rows();
  const size_t definitions = 5 + 28;
  script.client_passes(execute(1));
  script.server_passes(all.substr(0, definitions) +
                       ok(3, {.status = parser::mysql::kStatusCursorExists, .track = {}, .info = {}, .header = 0xFE}));
  script.client_passes(fetch(1, 10));
  script.server_passes(packet(std::string("\0\0\1x", 4), 1) +
                       ok(2, {.status = parser::mysql::kStatusLastRowSent, .track = {}, .info = {}, .header = 0xFE}));
  script.client_passes(reset_statement(1));
  script.server_passes(ok());
  script.is_in_step();
  script.play();
}

TEST(MySqlSessionPrepared, PreparedStatementsAreBounded) {
  SessionScript script;
  script.limits.statements_per_session_max = 2;
  script.logs_in();
  script.client_passes(prepare("SELECT 1"));
  script.server_passes(prepared(1, 0, 1));
  script.client_passes(prepare("SET @a = 1"));
  script.server_passes(prepared(2));
  script.client_refused(prepare("SELECT 3"), "too_many_prepared");
  script.client_passes(close_statement(1));
  script.client_passes(prepare("SELECT 3"));
  script.server_passes(prepared(3, 0, 1));
  script.play();
}

TEST(MySqlSessionPrepared, FailedPrepareLeavesNothing) {
  SessionScript script;
  script.logs_in();
  script.client_passes(prepare("SET @a = nosuch()"));
  script.server_passes(error(1305, "42000", "no such function"));
  script.client_gets_error(execute(1), 1243, "Unknown prepared statement");
  script.is_in_step();
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
