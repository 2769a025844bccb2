// What names mean in a session: temporary objects, search_path, roles (G45, G50; evasion 50, 123, 131-133).
#include <gtest/gtest.h>

#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

// A session that has the temporary table "users" in front of the real one.
SessionScript with_temporary_users(const std::string& options = {}) {
  SessionScript script;
  script.logs_in();
  const std::string text = "CREATE TEMP TABLE users(a int)" + options;
  script.client_passes(query(text));
  script.server_passes(complete("CREATE TABLE") + ready('I'));
  return script;
}

void passes(SessionScript& script, const std::string& text, const std::string& tag, char status = 'I') {
  script.client_passes(query(text));
  script.server_passes(complete(tag) + ready(status));
}

void fails(SessionScript& script, const std::string& text, char status) {
  script.client_passes(query(text));
  script.server_passes(error("22012", "division by zero") + ready(status));
}

void refused(SessionScript& script, const std::string& text, char status = 'I') {
  script.query_refused(text);
  script.server_rejects('Q', "schema changes", ready(status));
}

TEST(SessionNames, Evasion131TemporaryTableShadowsTheRealOneUntilItIsDropped) {
  SessionScript script = with_temporary_users();
  passes(script, "ALTER TABLE users ADD b int", "ALTER TABLE");
  passes(script, "DROP TABLE users", "DROP TABLE");
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

TEST(SessionNames, WhatGoesWithADroppedColumnOrParentIsForgotten) {
  SessionScript script;
  script.logs_in();
  passes(script, "CREATE TEMP TABLE base(a int, b int)", "CREATE TABLE");
  passes(script, "CREATE INDEX users_index ON base(a)", "CREATE INDEX");
  passes(script, "CREATE TEMP SEQUENCE users_sequence OWNED BY base.a", "CREATE SEQUENCE");
  passes(script, "ALTER TABLE base DROP COLUMN a", "ALTER TABLE");
  refused(script, "DROP INDEX users_index");
  refused(script, "DROP SEQUENCE users_sequence");
  passes(script, "CREATE TEMP VIEW users_view AS SELECT b FROM base", "CREATE VIEW");
  passes(script, "ALTER TABLE base DROP COLUMN b CASCADE", "ALTER TABLE");
  refused(script, "DROP VIEW users_view");
  passes(script, "DROP TABLE base", "DROP TABLE");
  script.play();
}

TEST(SessionNames, Evasion50SettingThatMovedMayMoveBack) {
  SessionScript script;
  script.logs_in();
  // Whatever did it, a reloaded configuration for one.
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + parameter_status("standard_conforming_strings", "off") + ready('I'));
  passes(script, "BEGIN", "BEGIN", 'T');
  script.client_passes(query("SET standard_conforming_strings = on"));
  script.server_passes(complete("SET") + parameter_status("standard_conforming_strings", "on") + ready('T'));
  script.client_passes(query("ROLLBACK"));
  script.query_refused("SELECT '\\''; DROP TABLE users; --'");
  script.server_passes(complete("ROLLBACK") + parameter_status("standard_conforming_strings", "off") + ready('I'));
  script.server_rejects('Q', "schema changes", ready('I'));
  script.play();
}

TEST(SessionNames, PartitionGoesWithItsParent) {
  SessionScript script = with_temporary_users();
  passes(script, "CREATE TEMP TABLE base(a int) PARTITION BY LIST (a)", "CREATE TABLE");
  passes(script, "ALTER TABLE base ATTACH PARTITION users DEFAULT", "ALTER TABLE");
  passes(script, "DROP TABLE base", "DROP TABLE");
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

TEST(SessionNames, IndexTakesTheNameOfItsConstraint) {
  SessionScript script = with_temporary_users();
  passes(script, "CREATE UNIQUE INDEX users_index ON users(a)", "CREATE INDEX");
  passes(script, "ALTER TABLE users ADD CONSTRAINT other UNIQUE USING INDEX users_index", "ALTER TABLE");
  refused(script, "DROP INDEX users_index");
  script.play();
}

TEST(SessionNames, G50TemporaryTableMayBeChangedInTheMessageThatMakesIt) {
  SessionScript script;
  script.logs_in();
  passes(script, "CREATE TEMP TABLE t(a int); ALTER TABLE t ADD b int; CREATE INDEX ON t(a); DROP TABLE t", "X");
  script.query_refused("CREATE TEMP TABLE t(a int); DROP TABLE t; DROP TABLE t");
  script.server_rejects('Q', "DROP TABLE", ready('I'));
  script.play();
}

TEST(SessionNames, TemporaryTableMayBeChangedInTheBatchThatMakesIt) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "CREATE TEMP TABLE t(a int)") + bind("", "") + execute("") +
                       parse("", "ALTER TABLE t ADD b int") + bind("", "") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE") + parse_complete() +
                       bind_complete() + complete("ALTER TABLE") + ready('I'));
  script.play();
}

TEST(SessionNames, DiscardedTemporaryTableIsGone) {
  for (const std::string text : {"DISCARD ALL", "DISCARD TEMP"}) {
    SCOPED_TRACE(text);
    SessionScript script = with_temporary_users();
    passes(script, text, text);
    refused(script, "ALTER TABLE users ADD b int");
    script.play();
  }
}

TEST(SessionNames, Evasion50CommitOfAFailedTransactionTakesItBack) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TEMP TABLE users(a int)", "CREATE TABLE", 'T');
  fails(script, "SELECT 1/0", 'E');
  passes(script, "COMMIT", "ROLLBACK");
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

TEST(SessionNames, CommitOfAFailedTransactionTakesItBackWithinTheMessage) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TEMP TABLE users(a int)", "CREATE TABLE", 'T');
  fails(script, "SELECT 1/0", 'E');
  refused(script, "COMMIT; ALTER TABLE users ADD b int", 'E');
  script.play();
}

TEST(SessionNames, PipelinedCommitMayRollBack) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TEMP TABLE users(a int)", "CREATE TABLE", 'T');
  script.client_passes(query("SELECT 1/0") + query("COMMIT"));
  script.query_refused("ALTER TABLE users ADD b int");
  script.server_passes(error("22012", "division by zero") + ready('E') + complete("ROLLBACK") + ready('I'));
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.play();
}

TEST(SessionNames, CommitBehindAnUnansweredQueryMayRollBackWithinTheMessage) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TEMP TABLE users(a int)", "CREATE TABLE", 'T');
  script.client_passes(query("SELECT 1/0"));
  script.query_refused("COMMIT; ALTER TABLE users ADD b int");
  script.server_passes(error("22012", "division by zero") + ready('E'));
  script.server_rejects('Q', "ALTER TABLE", ready('E'));
  script.play();
}

TEST(SessionNames, StatesBetweenTwoLayersCount) {
  // The first Query drops the temporary table, the second fails, the third would meet the real one.
  SessionScript script = with_temporary_users();
  script.client_passes(query("DROP TABLE users") + query("CREATE TEMP TABLE users(a int, b nosuchtype)"));
  script.query_refused("ALTER TABLE users ADD b int");
  script.server_passes(complete("DROP TABLE") + ready('I') + error("42704", "type does not exist") + ready('I'));
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.play();
}

TEST(SessionNames, SyncMayRollBackWhatItsBatchMade) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "CREATE TEMP TABLE users(a int)") + bind("", "") + execute("") + flush());
  script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE"));
  script.client_passes(sync());
  script.query_refused("ALTER TABLE users ADD b int");
  script.server_passes(error("23503", "deferred constraint") + ready('I'));
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.play();
}

TEST(SessionNames, PipelinedOrdinaryQueriesCostTemporaryNamesNothing) {
  SessionScript script = with_temporary_users();
  script.client_passes(query("SELECT 1") + query("ALTER TABLE users ADD b int") + query("SELECT 2"));
  script.server_passes(complete("SELECT 1") + ready('I') + complete("ALTER TABLE") + ready('I') + complete("SELECT 1") +
                       ready('I'));
  script.play();
}

TEST(SessionNames, Evasion160SavepointsTakeBackTheirPart) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TEMP TABLE kept(a int)", "CREATE TABLE", 'T');
  passes(script, "SAVEPOINT one", "SAVEPOINT", 'T');
  passes(script, "CREATE TEMP TABLE users(a int)", "CREATE TABLE", 'T');
  fails(script, "SELECT 1/0", 'E');
  passes(script, "ROLLBACK TO one", "ROLLBACK", 'T');
  passes(script, "DROP TABLE kept", "DROP TABLE", 'T');
  refused(script, "DROP TABLE users", 'E');
  script.play();
}

TEST(SessionNames, FailedMessageTakesItsEffectsBack) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("CREATE TEMP TABLE users(a int); SELECT 1/0"));
  script.server_passes(complete("CREATE TABLE") + error("22012", "division by zero") + ready('I'));
  refused(script, "ALTER TABLE users ADD b int");
  // A COMMIT in the middle keeps what was before it.
  script.client_passes(query("CREATE TEMP TABLE users(a int); COMMIT; SELECT 1/0"));
  script.server_passes(complete("CREATE TABLE") + complete("COMMIT") + error("22012", "division by zero") + ready('I'));
  passes(script, "ALTER TABLE users ADD b int", "ALTER TABLE");
  script.play();
}

TEST(SessionNames, OnCommitDropGoesWithTheTransaction) {
  SessionScript script = with_temporary_users(" ON COMMIT DROP");
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

TEST(SessionNames, OnCommitDropBehindAnExecuteGoesWithTheTransaction) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("s", "CREATE TEMP TABLE users(a int) ON COMMIT DROP") + sync());
  script.server_passes(parse_complete() + ready('I'));
  passes(script, "EXECUTE s", "CREATE TABLE");
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

TEST(SessionNames, RenamedTemporaryTableKeepsItsNewNameOnly) {
  SessionScript script = with_temporary_users();
  passes(script, "ALTER TABLE users RENAME TO mine", "ALTER TABLE");
  passes(script, "DROP TABLE mine", "DROP TABLE");
  refused(script, "DROP TABLE users");
  script.play();
}

TEST(SessionNames, OpaqueStatementsAheadCostCertaintyUntilTheyAreAnswered) {
  SessionScript script = with_temporary_users();
  script.client_passes(query("SELECT app.f()"));
  script.query_refused("ALTER TABLE users ADD b int");
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  passes(script, "ALTER TABLE users ADD b int", "ALTER TABLE");
  script.play();
}

TEST(SessionNames, TemporarySchemaBehindAnotherIsNotSearchedFirst) {
  SessionScript script = with_temporary_users();
  passes(script, "SET search_path = public, pg_temp", "SET");
  refused(script, "ALTER TABLE users ADD b int");
  passes(script, "SET search_path = public, pg_temp_3", "SET");
  refused(script, "ALTER TABLE users ADD b int");
  passes(script, "RESET search_path", "RESET");
  passes(script, "ALTER TABLE users ADD b int", "ALTER TABLE");
  script.play();
}

TEST(SessionNames, Evasion18PathThatLeadsToTheTemporarySchemaMakesTemporaryTables) {
  SessionScript script;
  script.logs_in();
  passes(script, "SET search_path = pg_temp, s", "SET");
  passes(script, "CREATE TABLE x(a int)", "CREATE TABLE");
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "SET LOCAL search_path = s", "SET", 'T');
  refused(script, "CREATE TABLE x(a int)", 'E');
  script.play();
}

TEST(SessionNames, SettingThatMayNotHaveBeenMadeIsNotBelieved) {
  for (const std::string text : {"SELECT set_config('search_path', 'pg_temp', false) WHERE false",
                                 "SELECT set_config('search_' || 'path', 'x', false)",
                                 "EXPLAIN SELECT set_config('search_path', 'pg_temp', false)"}) {
    SCOPED_TRACE(text);
    SessionScript script = with_temporary_users();
    passes(script, text, "SELECT 0");
    refused(script, "CREATE TABLE x(a int)");
    refused(script, "ALTER TABLE users ADD b int");
    script.play();
  }
}

TEST(SessionNames, SettingOfTheTransactionEndsWithIt) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "SET LOCAL search_path = pg_temp", "SET", 'T');
  passes(script, "CREATE TABLE x(a int)", "CREATE TABLE", 'T');
  passes(script, "COMMIT", "COMMIT");
  refused(script, "CREATE TABLE y(a int)");
  passes(script, "SET LOCAL search_path = pg_temp", "SET");
  refused(script, "CREATE TABLE y(a int)");
  script.play();
}

TEST(SessionNames, G45RolledBackSettingIsUndone) {
  SessionScript script;
  script.logs_in();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "SET search_path = pg_temp", "SET", 'T');
  passes(script, "ROLLBACK", "ROLLBACK");
  refused(script, "CREATE TABLE y(a int)");
  script.client_passes(query("SET search_path = pg_temp; SELECT 1/0"));
  script.server_passes(complete("SET") + error("22012", "division by zero") + ready('I'));
  refused(script, "CREATE TABLE y(a int)");
  script.play();
}

TEST(SessionNames, Evasion87NameIsResolvedAtTheExecution) {
  SessionScript script = with_temporary_users();
  script.client_passes(parse("s", "ALTER TABLE users ADD b int") + sync());
  script.server_passes(parse_complete() + ready('I'));
  passes(script, "DROP TABLE users", "DROP TABLE");
  script.bind_refused("", "s", execute("") + sync());
  script.server_rejects('B', "ALTER TABLE", ready('I'));
  script.query_refused("EXECUTE s");
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.play();
}

TEST(SessionNames, Evasion123RoleIsRecordedAndJudged) {
  SessionScript script;
  policies::Rule rule = rule_on_class("owner-only", "schema", policies::Action::kAllow);
  rule.match.users = {"owner", "app"};
  script.policy_options.rules.push_back(rule);
  script.logs_in();
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE");
  passes(script, "SET ROLE owner", "SET");
  passes(script, "CREATE TABLE b(a int)", "CREATE TABLE");
  script.expects([](Session&, ScriptServices& services) {
    std::string role;
    for (const auto& record : services.records) {
      if (record.event == policies::AuditEvent::kStatement) role = record.role;
    }
    EXPECT_EQ(role, "owner");
  });
  passes(script, "SET ROLE stranger", "SET");
  refused(script, "CREATE TABLE c(a int)");
  passes(script, "RESET ROLE", "RESET");
  passes(script, "CREATE TABLE c(a int)", "CREATE TABLE");
  passes(script, "SELECT set_config('role', 'stranger', false)", "SELECT 1");
  refused(script, "CREATE TABLE d(a int)");
  passes(script, "SET ROLE NONE", "SET");
  passes(script, "CREATE TABLE d(a int)", "CREATE TABLE");
  script.play();
}

TEST(SessionNames, Evasion133UserInThePathIsTheCurrentRole) {
  SessionScript script;
  policies::Rule rule = rule_on_class("own-schema", "schema", policies::Action::kAllow);
  rule.match.objects = {"app.*"};
  script.policy_options.rules.push_back(rule);
  script.logs_in();
  passes(script, "SET search_path = \"$user\"", "SET");
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE");
  passes(script, "SET ROLE other", "SET");
  refused(script, "CREATE TABLE b(a int)");
  script.play();
}

TEST(SessionNames, Evasion124SessionAuthorizationIsRefusedAndFollowed) {
  SessionScript script;
  script.logs_in();
  script.query_refused("SET SESSION AUTHORIZATION postgres", "builtin.setting");
  script.server_rejects('Q', "session_authorization", ready('I'));
  script.play();
}

TEST(SessionNames, SearchPathReportedAtLoginIsBelievedByTheFirstStatement) {  // from PostgreSQL 18 on
  SessionScript script;
  policies::Rule rule = rule_on_class("own-schema", "schema", policies::Action::kAllow);
  rule.match.objects = {"tenant.*"};
  script.policy_options.rules.push_back(rule);
  script.logs_in("app", "shop", parameter_status("search_path", "tenant"));
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE");
  refused(script, "CREATE TABLE public.a(a int)");
  script.play();
}

TEST(SessionNames, Evasion133UserInFrontOfThePathIsNotPrinted) {
  SessionScript script;
  script.logs_in("app", "shop", parameter_status("search_path", "\"$user\", public"));
  script.query_refused("DROP TABLE t").server_rejects('Q', "DROP TABLE t blocked", ready('I'));
  passes(script, "SET search_path = s, public", "SET");
  script.query_refused("DROP TABLE t").server_rejects('Q', "DROP TABLE s.t blocked", ready('I'));
  script.play();
}

TEST(SessionNames, ReportedSearchPathIsBelieved) {
  SessionScript script = with_temporary_users();
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + parameter_status("search_path", "public, pg_temp") + ready('I'));
  refused(script, "ALTER TABLE users ADD b int");
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
