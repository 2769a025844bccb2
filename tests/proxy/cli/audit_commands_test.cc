// The audit commands as a person runs them, over a file that the real writer wrote from the real reader's facts.
#include <gtest/gtest.h>

#include <fstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "parser/postgres/statement_reader.h"
#include "policies/audit/redaction.h"
#include "policies/rules/policy.h"
#include "proxy/audit/audit_log.h"
#include "proxy/cli/commands.h"
#include "tests/proxy/audit/audit_test_files.h"

namespace schemaguard::proxy {
namespace {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::Outcome;
using testing::lines_of;
using testing::member;
using testing::read_file;
using testing::TemporaryDirectory;

struct Ran {
  int status = -1;
  std::string out, error;
};

class AuditCommands : public ::testing::Test {
 protected:
  AuditCommands() {
    AuditLogOptions options;
    options.file = file_;
    options.instance = "here:1";
    options.checkpoint_interval = absl::Hours(1);
    options.system_log = false;
    auto log = AuditLog::open(options);
    EXPECT_TRUE(log.ok()) << log.status();
    policies::PolicyOptions policy;
    policy.server = "shop";
    policy_ = policies::Policy::build(policy).value();
    statement(**log, "CREATE TABLE public.orders (id int, note text DEFAULT 'x')", Outcome::kCommitted);
    statement(**log, "ALTER TABLE public.orders ADD COLUMN price numeric", Outcome::kFailed);
    statement(**log, "CREATE ROLE intern PASSWORD 'hunter2'", Outcome::kCommitted);
    statement(**log, "TRUNCATE public.orders", Outcome::kCommitted);
  }

  // Fills the record as a session does in observe mode.
  void statement(AuditLog& log, const std::string& text, Outcome outcome) {
    const auto facts = std::make_shared<const parser::TextFacts>(parser::postgres::read_statements(text, {}));
    policies::AuditSession session;
    session.server = "shop";
    session.database = "orders";
    session.user = "app";
    session.application = "web";
    session.client = "10.0.0.7:4000";
    AuditRecord record;
    record.session = std::make_shared<const policies::AuditSession>(session);
    record.ticket = log.next_ticket();
    record.facts = std::shared_ptr<const parser::StatementFacts>(facts, &facts->statements.at(0));
    policies::Subject subject;
    subject.user = "app";
    subject.database = "orders";
    subject.client_address = "10.0.0.7";
    const policies::Verdict verdict = policy_->judge(facts->statements.at(0), subject, {});
    record.classes = verdict.classes;
    record.would = verdict.action;
    record.rule = verdict.rule;
    record.reason = verdict.reason;
    record.statement = policies::redact_postgres_statement(text, facts->statements.at(0));
    record.fingerprint = policies::fingerprint_postgres(text);
    AuditRecord result;
    result.event = AuditEvent::kOutcome;
    result.session = record.session;
    result.of_ticket = record.ticket;
    result.outcome = outcome;
    log.append(std::move(record), {});
    log.append(std::move(result), {});
  }

  static Ran run(const std::vector<std::string>& words) {
    CLI::App app;
    Ran ran;
    add_policy_command(app, ran.status);
    add_policy_test_command(app, ran.status);
    add_audit_command(app, ran.status);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    app.parse(reversed);
    ran.out = ::testing::internal::GetCapturedStdout();
    ran.error = ::testing::internal::GetCapturedStderr();
    return ran;
  }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(directory_.file(name)) << content;
    return directory_.file(name);
  }

  const TemporaryDirectory directory_;
  const std::string file_ = directory_.file("audit.jsonl");
  std::shared_ptr<const policies::Policy> policy_;
};

TEST_F(AuditCommands, verify_says_whole_and_broken_and_anchors) {
  const std::vector<std::string> lines = lines_of(read_file(file_));
  ASSERT_EQ(lines.size(), 9U);
  const Ran whole = run({"audit", "verify", file_});
  EXPECT_EQ(whole.status, 0) << whole.out;
  EXPECT_NE(whole.out.find("9 records, 1 to 9"), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find("not anchored"), std::string::npos);
  EXPECT_NE(whole.out.find("1 checkpoints with a good signature, 0 records behind"), std::string::npos) << whole.out;
  const std::string key = whole.out.substr(whole.out.find("key ") + 4, 64);
  const Ran anchored = run({"audit", "verify", file_, "--head", member(lines[2], "hash"), "--key", key});
  EXPECT_EQ(anchored.status, 0) << anchored.out;
  EXPECT_NE(anchored.out.find("anchored: the given head is record 3"), std::string::npos) << anchored.out;
  EXPECT_EQ(run({"audit", "verify", file_, "--key", std::string(64, '0')}).status, 2);
  EXPECT_EQ(run({"audit", "verify", file_, "--key", "nonsense"}).status, 1);
  EXPECT_EQ(run({"audit", "verify", directory_.file("missing")}).status, 1);
  std::string content = read_file(file_);
  content.replace(content.find("price"), 5, "PRICE");
  EXPECT_EQ(run({"audit", "verify", write("changed", content)}).status, 2);
  const size_t half = content.find('\n', content.size() / 2) + 1;
  const std::string whole_content = read_file(file_);
  const std::string second = write("second", whole_content.substr(half));
  const std::string first = write("first", whole_content.substr(0, half));
  EXPECT_EQ(run({"audit", "verify", second, first}).status, 0) << "files are put in the order of their chain";
  EXPECT_EQ(run({"audit", "verify", first, "--head", member(lines.back(), "hash")}).status, 2);
}

TEST_F(AuditCommands, show_filters_and_joins_outcomes) {
  EXPECT_EQ(lines_of(run({"audit", "show", file_, "--format", "json"}).out), lines_of(read_file(file_)));
  const Ran failed = run({"audit", "show", file_, "--outcome", "failed", "--format", "json"});
  ASSERT_EQ(lines_of(failed.out).size(), 2U) << failed.out;
  EXPECT_EQ(member(lines_of(failed.out)[0], "command"), "ALTER TABLE");
  EXPECT_EQ(member(lines_of(failed.out)[1], "of"), member(lines_of(failed.out)[0], "seq"));
  EXPECT_EQ(lines_of(run({"audit", "show", file_, "--class", "access", "--format", "csv"}).out).size(), 3U);
  EXPECT_EQ(run({"audit", "show", file_, "--user", "nobody"}).out, "");
  EXPECT_EQ(run({"audit", "show", file_, "--since", "1970-01-01", "--until", "1970-01-02"}).out, "");
  EXPECT_EQ(run({"audit", "show", file_, "--since", "tomorrow"}).status, 1);
  EXPECT_EQ(run({"audit", "show", file_}).out.find("hunter2"), std::string::npos);
  EXPECT_NE(run({"audit", "show", file_, "--object", "orders"}).out.find("failed"), std::string::npos);
}

TEST_F(AuditCommands, who_tells_the_history_or_that_it_began_before) {
  const Ran known = run({"audit", "who", "public.orders", file_});
  EXPECT_EQ(known.status, 0);
  EXPECT_EQ(known.error, "");
  EXPECT_EQ(lines_of(known.out).size(), 6U) << known.out;
  const Ran other = run({"audit", "who", "public.unheard_of", file_});
  EXPECT_EQ(other.status, 3);
  EXPECT_NE(other.error.find("nothing is recorded about public.unheard_of"), std::string::npos);
  const std::string content = read_file(file_);
  const std::string later = write("later", content.substr(content.find('\n') + 1));
  EXPECT_NE(run({"audit", "who", "orders", later}).error.find("began before this audit"), std::string::npos);
}

TEST_F(AuditCommands, report_proposes_rules_that_allow_what_it_reports) {
  const Ran report = run({"audit", "report", file_, "--since", "7d", "--would", "block"});
  EXPECT_EQ(report.status, 0);
  EXPECT_NE(report.out.find("3 statements in 3 groups"), std::string::npos) << report.out;
  // What the report proposes, put into a configuration, must turn exactly these verdicts.
  std::string rules;
  for (const std::string& line : lines_of(report.out)) {
    if (line.rfind("      ", 0) == 0) rules += "    " + line.substr(2) + "\n";
  }
  const std::string config = write("new.yaml",
                                   "servers:\n  - name: shop\n    engine: postgresql\n    listen: 127.0.0.1:6432\n"
                                   "    upstream: { addresses: [\"127.0.0.1:5432\"] }\n    rules:\n" +
                                       rules);
  const Ran tested = run({"policy", "test", "--config", config, "--audit", file_});
  EXPECT_EQ(tested.status, 2) << tested.error << read_file(config);
  EXPECT_NE(tested.error.find("4 recorded statements judged, 3 verdicts change"), std::string::npos) << tested.error;
  EXPECT_NE(tested.out.find("block (builtin/"), std::string::npos) << tested.out;
  EXPECT_NE(tested.out.find("-> allow (from-the-audit-1)"), std::string::npos) << tested.out;
}

TEST_F(AuditCommands, policy_test_is_silent_when_nothing_changes) {
  const std::string config = write("same.yaml",
                                   "servers:\n  - name: shop\n    engine: postgresql\n    listen: 127.0.0.1:6432\n"
                                   "    upstream: { addresses: [\"127.0.0.1:5432\"] }\n");
  const Ran same = run({"policy", "test", "--config", config, "--audit", file_});
  EXPECT_EQ(same.status, 0) << same.out << same.error;
  EXPECT_EQ(same.out, "");
  const std::string other = write("other.yaml",
                                  "servers:\n  - name: elsewhere\n    engine: postgresql\n    listen: 127.0.0.1:6432\n"
                                  "    upstream: { addresses: [\"127.0.0.1:5432\"] }\n");
  EXPECT_NE(run({"policy", "test", "--config", other, "--audit", file_}).error.find("not judged: 4"),
            std::string::npos);
  EXPECT_EQ(run({"policy", "test", "--config", directory_.file("none.yaml"), "--audit", file_}).status, 1);
}

}  // namespace
}  // namespace schemaguard::proxy
