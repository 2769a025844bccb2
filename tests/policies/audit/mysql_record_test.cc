// Records of MySQL sessions: judged again they come out as they did, and reports read them as any other.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "parser/mysql/statement_reader.h"
#include "policies/audit/audit_entry.h"
#include "policies/audit/audit_record.h"
#include "policies/audit/audit_report.h"
#include "policies/audit/facts_json.h"
#include "policies/audit/redaction.h"
#include "policies/rules/policy.h"
#include "tests/policies/rules/mysql_corpus.h"

namespace schemaguard::policies {
namespace {

namespace mysql = parser::mysql;

const mysql::ReadingState kMariaDb = {.flavour = mysql::Flavour::kMariaDb, .version = 101119};

std::shared_ptr<const Policy> policy() {
  PolicyOptions options;
  options.engine = "mysql";
  Rule rule;
  rule.name = "mine";
  rule.action = Action::kAllow;
  rule.match.objects = {"shop._*", "SHOP.Customers"};
  options.rules = {rule};
  return *Policy::build(std::move(options));
}

// As a session records it.
AuditEntry recorded(const parser::StatementFacts& facts, const Verdict& verdict, std::string_view text,
                    const mysql::ReadingState& reading, const SessionNames& names) {
  AuditSession session;
  session.server = session.database = "shop";
  session.engine = "mysql";
  session.user = "app";
  AuditRecord record;
  record.session = std::make_shared<const AuditSession>(session);
  record.classes = verdict.classes;
  record.facts = std::make_shared<const parser::StatementFacts>(facts);
  record.temporary_names = names.temporary;
  if (names.search_path_certain) record.search_path = names.search_path;
  record.name_case = names.name_case;
  record.reading = reading;
  record.statement = redact_mysql_statement(text, facts, reading);
  record.would = verdict.action;
  record.rule = verdict.rule;
  record.reason = verdict.reason;
  const auto entry = AuditEntry::parse("{\"seq\":1," + audit_record_members(record, 0) + "}");
  EXPECT_TRUE(entry.has_value()) << text;
  return *entry;
}

std::vector<std::string> all_texts() {
  std::vector<std::string> texts;
  for (const HarmlessText& one : harmless_texts()) texts.push_back(one.text);
  for (const BypassCase& one : bypass_cases()) texts.insert(texts.end(), one.messages.begin(), one.messages.end());
  return texts;
}

TEST(MysqlRecord, is_judged_again_as_it_was) {
  const auto judged_by = policy();
  Subject subject;
  subject.user = "app";
  subject.database = "shop";
  SessionNames names = mysql_session_names("shop", NameCase::kUnknown);
  names.temporary = {"shop.customers"};
  size_t count = 0;
  for (const NameCase name_case : {NameCase::kExact, NameCase::kFolded, NameCase::kUnknown}) {
    names.name_case = name_case;
    for (const std::string& text : all_texts()) {
      mysql::ReadingState state = kMariaDb;
      for (const parser::StatementFacts& facts : mysql::read_statements(text, state).statements) {
        const Verdict before = judged_by->judge(facts, subject, names);
        const AuditEntry entry = recorded(facts, before, text, kMariaDb, names);
        const auto again = facts_from_record(entry.members());
        ASSERT_TRUE(again.ok()) << again.status() << ": " << text;
        const Verdict after = judged_by->judge(*again, subject, names_from_record(entry.members()));
        EXPECT_EQ(action_name(after.action), action_name(before.action)) << text;
        EXPECT_EQ(after.rule, before.rule) << text;
        EXPECT_EQ(after.reason, before.reason) << text;
        ++count;
      }
    }
  }
  EXPECT_GT(count, 1000U);
}

TEST(MysqlRecord, redacts_the_texts_of_changes_by_the_engine) {
  const std::string_view text = "ALTER TABLE t COMMENT=\"what # the shop\\\" sells\", CONNECTION='mysql://u:hunter2@h'";
  mysql::ReadingState state = kMariaDb;
  const parser::TextFacts facts = mysql::read_statements(text, state);
  ASSERT_EQ(facts.statements.size(), 1U);
  const AuditEntry entry =
      recorded(facts.statements[0], Verdict{}, text, kMariaDb, mysql_session_names("shop", NameCase::kExact));
  const std::string changes = boost::json::serialize(entry.members().at("changes"));
  EXPECT_EQ(changes.find("hunter2"), std::string::npos) << changes;
  EXPECT_NE(changes.find("what # the shop"), std::string::npos) << changes;
}

TEST(MysqlRecord, is_found_by_every_name_and_reported) {
  const std::string_view text = "RENAME TABLE customers TO archive.customers_2025";
  mysql::ReadingState state = kMariaDb;
  const parser::TextFacts facts = mysql::read_statements(text, state);
  const SessionNames names = mysql_session_names("shop", NameCase::kExact);
  Subject subject;
  subject.user = "app";
  const Verdict verdict = policy()->judge(facts.statements.at(0), subject, names);
  const AuditEntry entry = recorded(facts.statements.at(0), verdict, text, kMariaDb, names);
  EXPECT_EQ(entry.object_names(), (std::vector<std::string>{"customers", "archive.customers_2025"}));
  AuditReport report;
  report.add(entry);
  ASSERT_EQ(report.groups().size(), 1U);
  const std::string rule = narrowest_rule(report.groups()[0], 1);
  EXPECT_NE(rule.find("rename_table"), std::string::npos) << rule;
  EXPECT_NE(rule.find("archive.customers_2025"), std::string::npos) << rule;
}

}  // namespace
}  // namespace schemaguard::policies
