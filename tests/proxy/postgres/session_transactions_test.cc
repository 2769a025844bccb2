// Outcomes: what became of audited statements is what the server said (G36, G52-G55; evasion 3, 4, 35, 93, 160-166).
#include <gtest/gtest.h>

#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Outcome;

SessionScript of_migrator() {
  SessionScript script;
  script.logs_in("deploy");
  return script;
}

void passes(SessionScript& script, const std::string& text, const std::string& tag, char status = 'I') {
  script.client_passes(query(text));
  script.server_passes(complete(tag) + ready(status));
}

void fails(SessionScript& script, const std::string& text, const std::string& sqlstate, char status) {
  script.client_passes(query(text));
  script.server_passes(error(sqlstate, "no") + ready(status));
}

TEST(SessionTransactions, Evasion3OutcomeIsKnownAtTheEndOfTheMessage) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE t(a int); SELECT 1/0"));
  script.server_passes(complete("CREATE TABLE"));
  script.expects_outcomes({});
  script.server_passes(error("22012", "division by zero") + ready('I'));
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, Evasion4CommitInsideTheMessageKeepsWhatWasBefore) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE t(a int); COMMIT; CREATE TABLE u(a int); SELECT 1/0"));
  script.server_passes(complete("CREATE TABLE") + complete("COMMIT") + complete("CREATE TABLE") +
                       error("22012", "division by zero") + ready('I'));
  script.expects_outcomes({Outcome::kCommitted, Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, FailedStatementHasItsSqlstate) {
  SessionScript script = of_migrator();
  fails(script, "CREATE TABLE t(a int)", "42P07", 'I');
  script.expects_outcomes({Outcome::kFailed});
  script.expects([](Session&, ScriptServices& services) { EXPECT_EQ(services.records.back().sqlstate, "42P07"); });
  script.play();
}

TEST(SessionTransactions, Evasion160SavepointsAreAStack) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  passes(script, "SAVEPOINT one", "SAVEPOINT", 'T');
  passes(script, "CREATE TABLE b(a int)", "CREATE TABLE", 'T');
  passes(script, "SAVEPOINT two", "SAVEPOINT", 'T');
  passes(script, "CREATE TABLE c(a int)", "CREATE TABLE", 'T');
  passes(script, "RELEASE two", "RELEASE", 'T');
  script.expects_outcomes({});
  fails(script, "SELECT 1/0", "22012", 'E');
  passes(script, "ROLLBACK TO one", "ROLLBACK", 'T');
  script.expects_outcomes({Outcome::kRolledBack, Outcome::kRolledBack});
  passes(script, "CREATE TABLE d(a int)", "CREATE TABLE", 'T');
  passes(script, "COMMIT", "COMMIT");
  script.expects_outcomes({Outcome::kRolledBack, Outcome::kRolledBack, Outcome::kCommitted, Outcome::kCommitted});
  script.play();
}

TEST(SessionTransactions, G55CommitOfAFailedTransactionIsARollback) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  fails(script, "SELECT 1/0", "22012", 'E');
  passes(script, "COMMIT", "ROLLBACK");
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, G54CommitThatFailsIsNoSuccess) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  fails(script, "COMMIT", "23503", 'I');
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, Evasion163CommitAndChainGoesOnInANewTransaction) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  passes(script, "COMMIT AND CHAIN", "COMMIT", 'T');
  script.expects_outcomes({Outcome::kCommitted});
  passes(script, "CREATE TABLE b(a int)", "CREATE TABLE", 'T');
  passes(script, "ROLLBACK AND CHAIN", "ROLLBACK", 'T');
  script.expects_outcomes({Outcome::kCommitted, Outcome::kRolledBack});
  passes(script, "CREATE TABLE c(a int)", "CREATE TABLE", 'T');
  passes(script, "COMMIT", "COMMIT");
  script.expects_outcomes({Outcome::kCommitted, Outcome::kRolledBack, Outcome::kCommitted});
  script.play();
}

TEST(SessionTransactions, Evasion162PreparedTransactionIsSettledByWhoeverEndsIt) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  passes(script, "PREPARE TRANSACTION 'g'", "PREPARE TRANSACTION");
  script.expects_outcomes({Outcome::kPrepared});
  script.expects([](Session&, ScriptServices& services) {
    ASSERT_EQ(services.prepared.size(), 1U);
    EXPECT_EQ(services.prepared.front().first, "g");
    services.prepared.emplace_back("other",
                                   std::vector<policies::LostStatement>{{.ticket = 900}, {.ticket = 0, .seq = 901}});
  });
  passes(script, "COMMIT PREPARED 'g'", "COMMIT PREPARED");
  script.expects_outcomes({Outcome::kPrepared, Outcome::kCommitted});
  fails(script, "ROLLBACK PREPARED 'other'", "42704", 'I');
  script.expects_outcomes({Outcome::kPrepared, Outcome::kCommitted});
  passes(script, "ROLLBACK PREPARED 'other'", "ROLLBACK PREPARED");
  script.expects_outcomes({Outcome::kPrepared, Outcome::kCommitted, Outcome::kRolledBack, Outcome::kRolledBack});
  script.expects([](Session&, ScriptServices& services) { EXPECT_EQ(services.records.back().of_seq, 901U); });
  script.play();
}

TEST(SessionTransactions, EndOfAPreparedTransactionThatNobodyKnowsIsRecorded) {
  SessionScript script = of_migrator();
  passes(script, "COMMIT PREPARED 'from \"before\"'", "COMMIT PREPARED");
  script.expects([](Session&, ScriptServices& services) {
    const policies::AuditRecord& record = services.records.back();
    EXPECT_EQ(record.outcome, Outcome::kCommitted);
    EXPECT_EQ(record.of_ticket, 0U);
    EXPECT_EQ(record.reason, "unknown_prepared_transaction");
    EXPECT_EQ(record.detail, R"({"gid":"from \"before\""})");
  });
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "PREPARE TRANSACTION 'empty'", "PREPARE TRANSACTION");
  passes(script, "COMMIT PREPARED 'empty'", "COMMIT PREPARED");
  script.expects_outcomes({Outcome::kCommitted});
  script.play();
}

TEST(SessionTransactions, PrepareOfAFailedTransactionIsARollback) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  fails(script, "SELECT 1/0", "22012", 'E');
  passes(script, "PREPARE TRANSACTION 'g'", "ROLLBACK");
  script.expects_outcomes({Outcome::kRolledBack});
  script.expects([](Session&, ScriptServices& services) { EXPECT_TRUE(services.prepared.empty()); });
  script.play();
}

TEST(SessionTransactions, G36ConcurrentIndexIsCommittedByItself) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE INDEX CONCURRENTLY i ON t(a)"));
  script.server_passes(complete("CREATE INDEX"));
  script.expects_outcomes({Outcome::kCommitted});
  script.server_passes(ready('I'));
  fails(script, "CREATE UNIQUE INDEX CONCURRENTLY j ON t(a)", "23505", 'I');
  script.expects_outcomes({Outcome::kCommitted, Outcome::kFailed});
  script.play();
}

TEST(SessionTransactions, Evasion93StatementInAFailedTransactionDidNotRun) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  fails(script, "SELECT 1/0", "22012", 'E');
  fails(script, "CREATE TABLE a(a int)", "25P02", 'E');
  script.expects_outcomes({Outcome::kFailed});
  script.play();
}

TEST(SessionTransactions, G24ExplicitTransactionAdoptsWhatStoodBeforeItInTheMessage) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE a(a int); BEGIN; CREATE TABLE b(a int)"));
  script.server_passes(complete("CREATE TABLE") + complete("BEGIN") + complete("CREATE TABLE") + ready('T'));
  script.expects_outcomes({});
  passes(script, "ROLLBACK", "ROLLBACK");
  script.expects_outcomes({Outcome::kRolledBack, Outcome::kRolledBack});
  script.play();
}

void lose_the_server(SessionScript& script) {
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
}

TEST(SessionTransactions, Evasion166LossAroundTheCommitIsUnknown) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  script.client_passes(query("COMMIT"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kUnknown});
  script.play();
}

TEST(SessionTransactions, LossInsideATransactionIsARollback) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  script.client_passes(query("CREATE TABLE b(a int)"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kRolledBack, Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, LossDuringAnAutocommittedStatementIsUnknown) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE a(a int)"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kUnknown});
  script.play();
}

TEST(SessionTransactions, LossBehindAPipelinedRollbackIsUnknownForWhatFollowedIt) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  script.client_passes(query("ROLLBACK") + query("CREATE TABLE a(a int)"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kUnknown});
  script.play();
}

TEST(SessionTransactions, LossBehindTheLastAnswerOfAMessageIsACommit) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE a(a int); CREATE TABLE b(a int)"));
  script.server_passes(complete("CREATE TABLE") + complete("CREATE TABLE"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kCommitted, Outcome::kCommitted});
  script.play();
}

TEST(SessionTransactions, LossInATransactionThatTheMessageHasOpenedIsARollback) {
  SessionScript script = of_migrator();
  script.client_passes(query("BEGIN; CREATE TABLE a(a int); SELECT pg_sleep(9)"));
  script.server_passes(complete("BEGIN") + complete("CREATE TABLE"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

// pg_terminate_backend, a shutdown and the timeouts strike where no commit is under way.
TEST(SessionTransactions, ServerThatEndsInTheMiddleOfAStatementHasNotCommittedIt) {
  SessionScript script = of_migrator();
  script.client_passes(query("CREATE TABLE a(a int)"));
  script.server_passes(error("57P01", "terminating connection due to administrator command", "FATAL"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kRolledBack});
  script.expects([](Session&, ScriptServices& services) {
    ASSERT_GE(services.records.size(), 2U);
    EXPECT_EQ(services.records[services.records.size() - 2].sqlstate, "57P01");  // the logout is the last
  });
  script.play();
}

TEST(SessionTransactions, IdleTransactionThatTimedOutIsARollbackWhateverWasOnItsWay) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  script.client_passes(query("COMMIT"));
  script.server_passes(error("25P03", "terminating connection due to idle-in-transaction timeout", "FATAL"));
  lose_the_server(script);
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, EndBehindASyncIsUnknownAndBeforeItARollback) {
  SessionScript before = of_migrator();
  before.client_passes(parse("", "CREATE TABLE a(a int)") + bind("", "") + execute("") + sync());
  before.server_passes(parse_complete() + bind_complete());
  before.server_passes(error("57P01", "terminating", "FATAL"));
  lose_the_server(before);
  before.expects_outcomes({Outcome::kRolledBack});
  before.play();
  SessionScript behind = of_migrator();
  behind.client_passes(parse("", "CREATE TABLE a(a int)") + bind("", "") + execute("") + sync());
  behind.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE"));
  behind.server_passes(error("57P01", "terminating", "FATAL"));
  lose_the_server(behind);
  behind.expects_outcomes({Outcome::kUnknown});
  behind.play();
}

TEST(SessionTransactions, OtherLastWordsProveNothing) {
  for (const auto& [sqlstate, severity] : {std::pair("08P01", "FATAL"), std::pair("XX000", "PANIC")}) {
    SessionScript script = of_migrator();
    script.client_passes(query("CREATE TABLE a(a int)"));
    script.server_passes(error(sqlstate, "server conn crashed?", severity));
    lose_the_server(script);
    script.expects_outcomes({Outcome::kUnknown});
    script.play();
  }
}

TEST(SessionTransactions, UnknownOutcomesAreHandedOverWhenTheGuardMayLook) {
  for (const bool may_look : {false, true}) {
    SessionScript script;
    if (may_look) {
      script.server_config.guard_login = ServerConfig::GuardLogin{.user = "g", .password_file = {}, .password_env = {}};
    }
    script.logs_in("deploy");
    passes(script, "SET search_path = app", "SET");
    passes(script, "BEGIN", "BEGIN", 'T');
    passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
    script.client_passes(query("ALTER TABLE a ADD b int; COMMIT"));
    script.client_passes(query("CREATE TABLE c(a int)"));
    lose_the_server(script);
    script.expects_outcomes({Outcome::kUnknown, Outcome::kUnknown, Outcome::kUnknown});
    script.expects([may_look](Session&, ScriptServices& services) {
      ASSERT_EQ(services.lost.size(), may_look ? 2U : 0U);
      if (!may_look) return;
      const policies::LostTransaction& first = services.lost[0];
      EXPECT_EQ(first.process_id, 77U);
      EXPECT_TRUE(first.atomic);
      ASSERT_EQ(first.statements.size(), 2U);
      EXPECT_TRUE(first.statements[0].answered);
      EXPECT_FALSE(first.statements[1].answered);
      EXPECT_EQ(first.statements[0].path, policies::PathKnowledge::kCertain);
      EXPECT_EQ(first.statements[0].names.search_path, std::vector<std::string>{"app"});
      ASSERT_EQ(services.lost[1].statements.size(), 1U);
      EXPECT_EQ(services.lost[1].statements[0].facts->changes.front().object.name.name, "c");
    });
    script.play();
  }
}

TEST(SessionTransactions, ClientThatGoesAwayInItsTransactionRollsBack) {
  SessionScript script = of_migrator();
  passes(script, "BEGIN", "BEGIN", 'T');
  passes(script, "CREATE TABLE a(a int)", "CREATE TABLE", 'T');
  script.does([](Session& session) { session.on_client_closed(); });
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionTransactions, MessageThatWaitedForTheAuditAndWasNeverSentIsRolledBack) {
  SessionScript script;
  script.answers_by_hand = true;
  script.audit_blocks = true;
  script.logs_in("deploy");
  script.client(query("CREATE TABLE a(a int)"), {});
  script.acts(answer_parse_job, {});
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
