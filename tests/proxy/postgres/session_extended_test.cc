// Extended protocol, pipelines and what the server skips after an error (G27-G40; evasion 76-93).
#include <gtest/gtest.h>

#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

using policies::Mode;
using policies::Outcome;

TEST(SessionExtended, RefusedParseIsReplacedAndTheRestOfItsBatchIsTheServers) {
  SessionScript script;
  script.logs_in();
  script.client_refused(parse("", "CREATE TABLE t(a int)") + bind("", "") + describe('P', "") + execute("") + sync(),
                        [](const std::string& token) {
                          return parse("", token + " /* builtin.schema */") + bind("", "") + describe('P', "") +
                                 execute("") + sync();
                        });
  // G39: nothing comes for what is skipped.
  script.server_rejects('P', "CREATE TABLE", ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, G27SkipsToSync) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1/0") + bind("", "") + execute(""));
  script.server_passes(parse_complete() + bind_complete() + error("22012", "division by zero"));
  // Not one of these is read by the server; none is sent, none is judged.
  script.client(parse("x", "DROP TABLE t") + query("DROP TABLE t") + flush() + function_call(1) + bind("", "x") +
                    execute("") + copy_data("x"),
                {});
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.client_passes(query("SELECT 2"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.expects([](Session&, ScriptServices& services) {
    for (const auto& record : services.records) EXPECT_EQ(record.event, policies::AuditEvent::kSession);
  });
  script.play();
}

TEST(SessionExtended, Evasion79QueryInsideTheSkippedStretchIsNoPendingAnswer) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1/0") + bind("", "") + execute("") + query("SELECT 3") +
                       parse("", "SELECT 4") + sync() + query("SELECT 5"));
  script.server_passes(parse_complete() + bind_complete() + error("22012", "division by zero") + ready('I'));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.client_passes(query("SELECT 6"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, HeldMessageIsDroppedWhenItsBatchFailsMeanwhile) {
  SessionScript script;
  script.answers_by_hand = true;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1/0") + bind("", "") + execute(""));
  script.client(parse("x", "DROP TABLE t") + bind("", "x") + sync(), {});
  script.server_passes(parse_complete() + bind_complete() + error("22012", "division by zero"));
  script.acts(answer_parse_job, sync());
  script.server_passes(ready('I'));
  script.client_passes(query("SELECT 6"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, MessageWaitingForTheAuditIsDroppedWhenItsBatchFailsMeanwhile) {
  SessionScript script;
  script.answers_by_hand = true;
  script.audit_blocks = true;
  script.logs_in("deploy");
  script.client(parse("x", "CREATE TABLE t(a int)"), {});
  script.acts(answer_parse_job, parse("x", "CREATE TABLE t(a int)"));
  script.server_passes(parse_complete());
  script.client(parse("", "SELECT 1/0") + bind("", "") + execute("") + bind("", "x") + execute("") + sync(),
                parse("", "SELECT 1/0") + bind("", "") + execute("") + bind("", "x"));
  script.server_passes(parse_complete() + bind_complete() + error("22012", "division by zero"));
  script.acts([](Session& session, ScriptServices& services) { answer_audit(session, services); }, sync());
  script.server_passes(ready('I'));
  script.expects_outcomes({Outcome::kFailed});
  script.play();
}

TEST(SessionExtended, G28RefusalKeepsThePlaceInTheAnswers) {
  SessionScript script;
  script.logs_in();
  const std::string before = parse("", "INSERT INTO t VALUES (1)") + bind("", "") + execute("");
  script.client_passes(before);
  script.parse_refused("", "DROP TABLE t");
  script.client_passes(bind("", "") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + complete("INSERT 0 1"));
  script.server_rejects('P', "DROP TABLE", ready('I'));
  script.play();
}

TEST(SessionExtended, G38FlushEndedRefusalGetsItsErrorAtOnceAndReadyAtTheSync) {
  SessionScript script;
  script.logs_in();
  script.client_refused(parse("", "DROP TABLE t") + flush(),
                        [](const std::string& token) { return parse("", token + " /* builtin.schema */") + flush(); });
  script.server_rejects('P', "DROP TABLE");
  script.client(bind("", "") + execute("") + flush(), {});
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.play();
}

TEST(SessionExtended, G29Evasion77OldUnnamedStatementDoesNotRunInPlaceOfARefusedOne) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.parse_refused("", "DROP TABLE t");
  script.server_rejects('P', "DROP TABLE");
  script.client(bind("", "") + execute(""), {});
  script.client_passes(sync());
  script.server_passes(ready('I'));
  script.play();
}

TEST(SessionExtended, Evasion88SeveralCommandsInParseAreLeftToTheServer) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1; SELECT 2") + sync());
  script.server_passes(error("42601", "cannot insert multiple commands into a prepared statement") + ready('I'));
  script.parse_refused("", "SELECT 1; DROP TABLE t");
  script.server_rejects('P', "DROP TABLE");
  script.play();
}

TEST(SessionExtended, G35RowLimitedExecuteSuspendsAndGoesOn) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT * FROM t") + bind("p", "") + execute("p", 2) + flush());
  script.server_passes(parse_complete() + bind_complete() + data_row() + data_row() + message('s', {}));
  script.client_passes(execute("p", 2) + sync());
  script.server_passes(data_row() + complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, Evasion89PortalKeepsItsStatementsVerdict) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(query("BEGIN"));
  script.server_passes(complete("BEGIN") + ready('T'));
  script.client_passes(parse("s", "CREATE TABLE t(a int)") + bind("p", "s") + sync());
  script.server_passes(parse_complete() + bind_complete() + ready('T'));
  script.sets_mode(Mode::kEnforce);
  script.client_refused(execute("p") + sync(), [](const std::string& token) { return execute(token) + sync(); });
  script.server_rejects('E', "CREATE TABLE", ready('E'));
  script.play();
}

TEST(SessionExtended, Evasion89PortalEndsWithItsTransaction) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(parse("s", "CREATE TABLE t(a int)") + bind("p", "s") + sync());
  script.server_passes(parse_complete() + bind_complete() + ready('I'));
  script.sets_mode(Mode::kEnforce);
  // There is no portal "p" any more: the server says so.
  script.client_passes(execute("p") + sync());
  script.server_passes(error("34000", "portal \"p\" does not exist") + ready('I'));
  script.play();
}

TEST(SessionExtended, Evasion76VerdictIsMadeAgainAtBind) {
  SessionScript script;
  script.mode = Mode::kObserve;
  script.logs_in();
  script.client_passes(parse("s", "CREATE TABLE t(a int)") + sync());
  script.server_passes(parse_complete() + ready('I'));
  script.sets_mode(Mode::kEnforce);
  script.bind_refused("p", "s", execute("p") + sync());
  script.server_rejects('B', "CREATE TABLE", ready('I'));
  script.play();
}

TEST(SessionExtended, DescribeAndCloseAreAnswered) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("s", "SELECT 1") + describe('S', "s") + bind("", "s") + describe('P', "") + execute("") +
                       close('P', "") + close('S', "s") + close('S', "never") + sync());
  script.server_passes(parse_complete() + message('t', std::string("\0\0", 2)) + row_description() + bind_complete() +
                       no_data() + complete("SELECT 1") + close_complete() + close_complete() + close_complete() +
                       ready('I'));
  script.client_passes(parse("e", "") + bind("", "e") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + message('I', {}) + ready('I'));
  script.play();
}

TEST(SessionExtended, G26QueryInsideAnOpenBatchEndsIt) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "INSERT INTO t VALUES (1)") + bind("", "") + execute("") + query("SELECT 1"));
  script.server_passes(parse_complete() + bind_complete() + complete("INSERT 0 1") + complete("SELECT 1") + ready('I'));
  script.client_passes(query("SELECT 2"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, QueryInAnOpenBatchLeavesAnyOutcomePossibleFromVersion18On) {
  for (const bool newer : {false, true}) {
    SessionScript script;
    script.audit_blocks = false;
    script.logs_in("deploy", "shop", parameter_status("server_version", newer ? "18.6 (Debian 18.6-1)" : "17.11"));
    script.client_passes(parse("", "CREATE TABLE t(a int)") + bind("", "") + execute("") + query("SELECT 1") + sync());
    script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE") + complete("SELECT 1"));
    script.server_passes(ready(newer ? 'T' : 'I') + ready('I'));
    script.expects_outcomes({newer ? Outcome::kUnknown : Outcome::kCommitted});
    // The next transaction is like any other.
    script.client_passes(query("CREATE TABLE u(a int)"));
    script.server_passes(complete("CREATE TABLE") + ready('I'));
    script.expects_outcomes({newer ? Outcome::kUnknown : Outcome::kCommitted, Outcome::kCommitted});
    script.play();
  }
}

TEST(SessionExtended, NamesOfABatchThatMayBeLostAreUncertain) {
  SessionScript script;
  script.logs_in("app", "shop", parameter_status("server_version", "18.6"));
  script.client_passes(parse("", "CREATE TEMP TABLE t(a int)") + bind("", "") + execute("") + query("SELECT 1") +
                       sync());
  script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE") + complete("SELECT 1") +
                       ready('T') + ready('I'));
  script.query_refused("DROP TABLE t");
  script.play();
}

TEST(SessionExtended, ErrorAtSyncBelongsToTheSync) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(parse("", "CREATE TABLE t(a int)") + bind("", "") + execute("") + sync() + query("SELECT 1"));
  script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE"));
  script.server_passes(error("23503", "deferred constraint") + ready('I'));
  script.expects_outcomes({Outcome::kRolledBack});
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, Evasion91FlushWithoutSyncIsNotCommitted) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(parse("", "CREATE TABLE t(a int)") + bind("", "") + execute("") + flush());
  script.server_passes(parse_complete() + bind_complete() + complete("CREATE TABLE"));
  script.expects_outcomes({});
  script.client_passes(terminate());
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionExtended, Evasion91UnansweredExecuteWithoutSyncIsRolledBackAtTheDisconnect) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(parse("", "CREATE TABLE t(a int)") + bind("", "") + execute("") + flush());
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.play();
}

TEST(SessionExtended, NoticesAndStatusBetweenAnswersAreNoAnswers) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1") + bind("", "") + execute("") + sync());
  script.server_passes(notice("a") + parse_complete() + parameter_status("TimeZone", "UTC") + bind_complete() +
                       message('A', std::string("\0\0\0\1c\0p\0", 8)) + complete("SELECT 1") + notice("b") +
                       ready('I'));
  script.server_passes(parameter_status("TimeZone", "CET") + notice("idle"));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionExtended, FatalInMidPipelineReachesTheClientAndRollsBack) {
  SessionScript script;
  script.logs_in("deploy");
  script.client_passes(parse("", "CREATE TABLE t(a int)") + bind("", "") + execute("") + sync() + query("SELECT 1"));
  script.server_passes(parse_complete() + error("57P01", "terminating connection", "FATAL"));
  script.does([](Session& session) { session.on_server_closed(); });
  script.expects_outcomes({Outcome::kRolledBack});
  script.expects([](Session& session, ScriptServices&) { EXPECT_EQ(session.step(), Step::kFlushThenClose); });
  script.play();
}

TEST(SessionExtended, AnswerThatFitsNoRequestEndsTheSession) {
  SessionScript script;
  script.logs_in();
  script.client_passes(parse("", "SELECT 1") + sync());
  script.server_ends_session(bind_complete(), "08P01");
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
