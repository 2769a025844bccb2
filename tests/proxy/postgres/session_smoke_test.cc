// The main line of a session: what passes, what is refused, and what the client sees of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "parser/postgres/frontend_messages.h"
#include "tests/proxy/postgres/session_script.h"

namespace schemaguard::proxy::postgres {
namespace {

TEST(SessionMainLine, OrdinaryQueriesPassUnchanged) {
  SessionScript script;
  script.logs_in();
  script.client_passes(query("SELECT 1"));
  script.server_passes(message('T', std::string("\0\0", 2)) + data_row() + complete("SELECT 1") + ready('I'));
  script.client_passes(parse("s1", "SELECT $1::int") + bind("", "s1") + execute("") + sync());
  script.server_passes(parse_complete() + bind_complete() + data_row() + complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionMainLine, UnsanctionedDdlIsReplacedAndItsRejectionRewritten) {
  SessionScript script;
  script.logs_in();
  script.client_refused(query("ALTER TABLE services ADD priority int"),
                        [](const std::string& token) { return query(token + " /* builtin.schema */"); });
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.client_passes(query("SELECT 1"));
  script.server_passes(complete("SELECT 1") + ready('I'));
  script.play();
}

TEST(SessionMainLine, TheMigratorsDdlPassesAndItsOutcomeIsRecorded) {
  SessionScript script;
  script.audit_blocks = true;
  script.logs_in("deploy");
  script.client_passes(query("ALTER TABLE services ADD priority int"));
  script.server_passes(complete("ALTER TABLE") + ready('I'));
  script.expects([](Session&, ScriptServices& services) {
    ASSERT_GE(services.records.size(), 2U);
    EXPECT_EQ(services.records.back().outcome, policies::Outcome::kCommitted);
  });
  script.play();
}

TEST(SessionMainLine, OnlyTheFirstUseOfAnUnprovedRoutineIsRecordedAndNobodyWaitsForIt) {
  SessionScript script;
  script.audit_blocks = true;
  script.audit_works = false;  // whoever waited for the file would be refused
  script.logs_in();
  for (int i = 0; i < 2; ++i) {
    script.client_passes(query("SELECT refresh_totals(1)"));
    script.server_passes(complete("SELECT 1") + ready('I'));
  }
  script.expects([](Session&, ScriptServices& services) {
    const auto statements = std::count_if(
        services.records.begin(), services.records.end(),
        [](const policies::AuditRecord& record) { return record.event == policies::AuditEvent::kStatement; });
    EXPECT_EQ(statements, 1);
  });
  script.play();
}

TEST(SessionMainLine, TemporaryTablesLiveAsLongAsTheServerKeepsThem) {
  SessionScript script;
  script.logs_in();
  const auto runs = [&script](std::string_view text, std::string_view tag) {
    script.client_passes(query(text));
    script.server_passes(complete(tag) + ready('I'));
  };
  runs("CREATE TEMP TABLE kept (a int) ON COMMIT /* all */ PRESERVE ROWS", "CREATE TABLE");
  runs("ALTER TABLE kept ADD b int", "ALTER TABLE");
  runs("CREATE TEMP TABLE gone (a int) ON COMMIT /* the */ DROP", "CREATE TABLE");
  script.client_refused(query("ALTER TABLE gone ADD b int"),
                        [](const std::string& token) { return query(token + " /* builtin.schema */"); });
  script.server_rejects('Q', "ALTER TABLE", ready('I'));
  script.play();
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
