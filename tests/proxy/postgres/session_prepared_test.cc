// Names of statements: the wire's and SQL's are one map, and it follows the server's answers (G32, G33; evasion 76-88).
#include <gtest/gtest.h>

#include "parser/postgres/frontend_messages.h"
#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Mode;

// A session that prepared "s" as DDL while the guard only observed, and is now judged.
SessionScript with_ddl_prepared_as(const std::string& name) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(parse(name, "CREATE TABLE t(a int)") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.sets_mode(Mode::kEnforce);
  return script;
}

TEST(SessionPrepared, Evasion81ClipsNames) {
  const std::string stem(63, 'n');
  SessionScript script = with_ddl_prepared_as(stem + "one");
  script.bind_refused("", stem + "two", sync());
  script.server_rejects('B', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion82SqlExecuteOfAWireStatementIsThatStatement) {
  SessionScript script = with_ddl_prepared_as("s");
  script.query_refused("EXECUTE s");
  script.server_rejects('Q', "CREATE TABLE", ready('I'));
  script.query_refused("SELECT 1; EXECUTE s");
  script.server_rejects('Q', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, Finding10BindRunsAnSqlPrepare) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(query("PREPARE p AS SELECT 1 AS a INTO t"));
  script.server_passes(complete("PREPARE") + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.bind_refused("", "p", execute("") + sync());
  script.server_rejects('B', "schema changes", ready('I'));
  script.query_refused("EXECUTE p");
  script.server_rejects('Q', "schema changes", ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion13PrepareWithIntoIsRefusedAtThePrepare) {
  SessionScript script;
  script.logs_in();
  script.query_refused("PREPARE p AS SELECT 1 AS a INTO t; EXECUTE p");
  script.server_rejects('Q', "schema changes", ready('I'));
  script.parse_refused("s", "PREPARE p AS SELECT 1 AS a INTO t");
  script.server_rejects('P', "schema changes");
  script.play();
}

TEST(SessionPrepared, Evasion84StatementsOutliveTheirTransaction) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(query("BEGIN"));
  script.server_passes(complete("BEGIN") + ready('T'));
  script.client_passes(query("PREPARE p AS SELECT 1 AS a INTO t"));
  script.server_passes(complete("PREPARE") + ready('T'));
  script.client_passes(query("ROLLBACK"));
  script.server_passes(complete("ROLLBACK") + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.query_refused("EXECUTE p");
  script.server_rejects('Q', "schema changes", ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion84DeallocateDiscardAndCloseRemove) {
  for (const std::string remover : {"DEALLOCATE s", "DEALLOCATE ALL", "DISCARD ALL"}) {
    SCOPED_TRACE(remover);
    SessionScript script = with_ddl_prepared_as("s");
    script.client_passes(query(remover));
    script.server_passes(complete("DEALLOCATE") + ready('I'));
    script.client_passes(query("EXECUTE s"));
    script.server_passes(error("26000", "prepared statement \"s\" does not exist") + ready('I'));
    script.play();
  }
  SessionScript script = with_ddl_prepared_as("s");
  script.client_passes(close('S', "s") + sync());
  script.server_passes(close_complete() + ready('I'));
  script.client_passes(bind("", "s") + sync());
  script.server_passes(error("26000", "prepared statement \"s\" does not exist") + ready('I'));
  script.play();
}

TEST(SessionPrepared, DeallocateThatFailsRemovesNothing) {
  SessionScript script = with_ddl_prepared_as("s");
  script.client_passes(query("DEALLOCATE s; SELECT 1/0"));
  script.server_passes(error("42601", "as it pleases") + ready('I'));
  script.query_refused("EXECUTE s");
  script.server_rejects('Q', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion84SimpleQueryDropsTheUnnamedStatement) {
  SessionScript script = with_ddl_prepared_as("");
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.client_passes(bind("", "") + sync());
  script.server_passes(error("26000", "unnamed prepared statement does not exist") + ready('I'));
  script.play();
}

TEST(SessionPrepared, Finding10FailedParseLeavesTheOldNamedStatement) {
  SessionScript script = with_ddl_prepared_as("s");
  script.client_passes(parse("s", "SELECT 1") + sync());
  script.server_passes(error("42P05", "prepared statement \"s\" already exists") + ready('I'));
  script.bind_refused("", "s", sync());
  script.server_rejects('B', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, BindWaitsWhenOnlyAnAnswerCanTellWhatItsNameMeans) {
  SessionScript script = with_ddl_prepared_as("s");
  // The Parse may replace nothing and fail, so the Bind of the next batch may mean either statement.
  script.client(parse("s", "SELECT 1") + sync() + bind("", "s") + execute("") + sync(),
                parse("s", "SELECT 1") + sync());
  script.expects([](Session& session, ScriptServices&) { EXPECT_FALSE(session.wants_client_bytes()); });
  script.server_releases(error("42P05", "prepared statement \"s\" already exists"), [](const std::string& token) {
    return parser::postgres::encode_bind("", token) + execute("") + sync();
  });
  script.server_passes(ready('I'));
  script.server_rejects('B', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, BindGoesOnWhenTheAnswerHasCome) {
  SessionScript script = with_ddl_prepared_as("s");
  script.client(close('S', "s") + parse("s", "SELECT 1") + sync() + bind("", "s") + execute("") + sync(),
                close('S', "s") + parse("s", "SELECT 1") + sync());
  script.server(close_complete() + parse_complete() + ready('I'), close_complete() + parse_complete() + ready('I'),
                bind("", "s") + execute("") + sync());
  script.server_passes(bind_complete() + complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion76StatementPreparedWhileTheGuardWasOffIsReadBeforeItsFirstUse) {
  SessionScript script;
  script.mode = Mode::kOff;
  script.logs_in();
  script.client_passes(parse("s", "CREATE TABLE t(a int)") + parse("f", "SELECT app.f()") + sync());
  script.server_passes(parse_complete() + parse_complete() + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.client_passes(bind("", "f") + execute("") + sync());
  script.server_passes(bind_complete() + complete("SELECT 1") + ready('I'));
  script.bind_refused("", "s", sync());
  script.server_rejects('B', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionPrepared, NameOfAnUnreadPrepareIsNotTrusted) {
  SessionScript script;
  script.mode = Mode::kOff;
  script.logs_in();
  script.client_passes(query("PREPARE p AS SELECT 1 AS a INTO t"));
  script.server_passes(complete("PREPARE") + ready('I'));
  script.client_passes(parse("ordinary", "SELECT 1") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.bind_refused("", "p", sync());
  script.server_rejects('B', "EXECUTE", ready('I'));
  script.query_refused("EXECUTE p", "builtin.opaque");
  script.server_rejects('Q', "EXECUTE", ready('I'));
  script.play();
}

TEST(SessionPrepared, Evasion85OpaqueCallIsRecordedAtItsExecutionOnly) {
  SessionScript script;
  script.policy_options.rules.push_back(rule_on_class("watch-opaque", "opaque", policies::Action::kLog));
  script.logs_in();
  script.client_passes(parse("", "SELECT app.f($1)") + bind("", "") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + complete("SELECT 1") + ready('I'));
  script.expects_outcomes({policies::Outcome::kCommitted});
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
