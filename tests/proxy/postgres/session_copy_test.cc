// COPY: its data is streamed, its end is the server's (G41-G44; evasion 5, 95-100).
#include <gtest/gtest.h>

#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Outcome;

TEST(SessionCopy, CopyInPasses) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN"));
  script.server_passes(copy_in_response());
  script.client_passes(copy_data("1\n") + copy_data(std::string(100'000, 'x')) + flush() + copy_done());
  script.server_passes(complete("COPY 2") + ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionCopy, CopyOutPasses) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t TO STDOUT"));
  script.server_passes(message('H', std::string("\0\0\1\0\0", 5)) + copy_data("1\n") + message('c', {}) +
                       complete("COPY 1") + ready('I'));
  script.play();
}

TEST(SessionCopy, Evasion5StatementsBehindTheCopyAreJudgedBeforeItStarts) {
  SessionScript script;
  script.logs_in();
  script.query_refused("COPY x FROM STDIN; CREATE TABLE t(a int)");
  script.server_rejects('Q', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionCopy, G41StrayDataAfterARefusedCopyIsForTheServerToIgnore) {
  SessionScript script;
  script.logs_in();
  script.client_refused(query("COPY t FROM PROGRAM 'x'") + copy_data("1; DROP TABLE t\n") + copy_done(),
                        [](const std::string& token) {
                          return query(token + " /* builtin.program */") + copy_data("1; DROP TABLE t\n") + copy_done();
                        });
  script.server_rejects('Q', "COPY", ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionCopy, Evasion100ProgramIsRefusedForMigratorsToo) {
  SessionScript script;
  script.logs_in("deploy");
  script.query_refused("COPY (SELECT 1) TO PROGRAM 'psql'", "builtin.program");
  script.server_rejects('Q', "COPY", ready('I'));
  script.play();
}

TEST(SessionCopy, Evasion96CopyModeEndsAtTheServersError) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN"));
  script.server_passes(copy_in_response());
  script.client_passes(copy_data("bad\n"));
  script.server_passes(error("22P02", "invalid input syntax") + ready('I'));
  script.client_passes(copy_data("late\n") + copy_done());
  script.query_refused("DROP TABLE t");
  script.server_rejects('Q', "DROP TABLE", ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionCopy, Evasion97FrameInsideTheDataIsData) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN"));
  script.server_passes(copy_in_response());
  script.client_passes(copy_data(query("DROP TABLE t")) + copy_done());
  script.server_passes(complete("COPY 1") + ready('I'));
  script.play();
}

TEST(SessionCopy, Evasion98CopyMessagesOutsideACopyExpectNoAnswer) {
  SessionScript script;
  script.logs_in();
  script.client_passes(copy_data("x") + copy_done() + copy_fail() + query("SELECT 1") + copy_done() +
                       query("SELECT 2"));
  script.server_passes(complete("SELECT 1") + ready('I') + complete("SELECT 1") + ready('I'));
  script.client_passes(copy_done());
  script.expects([](Session& session, ScriptServices&) { session.drain(); });
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

TEST(SessionCopy, LateEndOfAFailedCopyDoesNotKeepTheSessionBusy) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN") + copy_data("bad\n") + copy_done());
  script.server_passes(error("42P01", "no such table") + ready('I'));
  script.does([](Session& session) { session.drain(); });
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

TEST(SessionCopy, PipelinedAheadOfItsResponse) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN") + copy_data("1\n") + copy_done() + query("SELECT 1"));
  script.server_passes(copy_in_response() + complete("COPY 1") + ready('I') + complete("SELECT 1") + ready('I'));
  script.client_passes(query("COPY a FROM STDIN; COPY b FROM STDIN") + copy_data("1\n") + copy_done() +
                       copy_data("1\n") + copy_done() + query("SELECT 1"));
  script.server_passes(copy_in_response() + complete("COPY 1") + copy_in_response() + complete("COPY 1") + ready('I') +
                       complete("SELECT 1") + ready('I'));
  script.play();
}

// The way of libpq: Sync goes out with the Execute, is ignored, and is sent again behind the data.
SessionScript extended_copy() {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "COPY t FROM STDIN") + bind("", "") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + copy_in_response());
  return script;
}

void expect_usable(SessionScript& script) {
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.does([](Session& session) { session.drain(); });
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

TEST(SessionCopy, G42SyncDuringTheCopyIsIgnored) {
  SessionScript script = extended_copy();
  script.client_passes(copy_data("1\n") + sync() + flush() + copy_data("2\n") + copy_done() + sync());
  script.server_passes(complete("COPY 2") + ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, G42ErrorInTheDataSkipsToTheNextSync) {
  SessionScript script = extended_copy();
  script.client_passes(copy_data("bad\n"));
  script.server_passes(error("22P02", "invalid input syntax"));
  script.client(copy_done(), {});
  script.client_passes(sync());
  script.server_passes(ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, ErrorBeforeTheDataIsReadLeavesTheFirstSyncToBeAnswered) {
  SessionScript script = extended_copy();
  script.server_passes(error("P0001", "a trigger before the statement") + ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, ErrorBeforeTheDataIsReadWhileItsEndIsOnTheWay) {
  SessionScript script = extended_copy();
  script.client_passes(copy_data("1\n") + copy_done() + sync());
  script.server_passes(error("P0001", "a trigger before the statement") + ready('I') + ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, SyncInPlaceOfTheEndOfAFailedCopyLetsTheNextQueryRun) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "COPY t FROM STDIN") + bind("", "") + execute("") + copy_data("bad\n") + sync() +
                       query("SELECT 2"));
  script.server_passes(parse_complete() + bind_complete() + copy_in_response());
  script.server_passes(error("22P02", "invalid input syntax") + ready('I') + complete("SELECT 1") + ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, SyncSentInASimpleCopyThatFailedMayBeAnswered) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("COPY t FROM STDIN"));
  script.server_passes(copy_in_response());
  script.client_passes(copy_data("bad\n") + sync());
  script.server_passes(error("22P02", "invalid input syntax") + ready('I') + ready('I'));
  expect_usable(script);
}

TEST(SessionCopy, Evasion95QueryDuringACopyEndsTheConnectionAndDidNotRun) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(query("COPY t FROM STDIN"));
  script.server_passes(copy_in_response());
  script.client_passes(query("CREATE TABLE t2(a int)"));
  script.server_passes(error("08P01", "unexpected message type 0x51 during COPY from stdin"));
  script.server_passes(error("08P01", "protocol synchronization was lost", "FATAL"));
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionCopy, G43EachDirectionOfCopyBothEndsOnItsOwn) {
  SessionScript script;
  script.server_config.replication_users = {"app"};
  script.client(startup({{"user", "app"}, {"replication", "database"}, {"database", "shop"}}), {});
  script.does([](Session& session) {
    session.step_done();
    session.on_upstream_connected("127.0.0.1:5432");
    session.take_to_server();
  });
  script.server_passes(authentication_ok() + ready('I'));
  script.client_passes(query("START_REPLICATION SLOT s LOGICAL 0/0"));
  script.server_passes(message('W', std::string("\0\0\0", 3)) + copy_data("w"));
  script.client_passes(copy_data("r") + copy_done());
  script.server_passes(copy_data("w") + message('c', {}) + complete("START_REPLICATION") + ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.query_refused("DROP TABLE t");
  script.server_rejects('Q', "DROP TABLE", ready('I'));
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
