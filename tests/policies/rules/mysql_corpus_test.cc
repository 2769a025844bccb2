// Both corpora of tests/e2e/mysql through reader and policy: no harmless text is refused, no bypass passes.
#include "tests/policies/rules/mysql_corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "parser/mysql/statement_reader.h"
#include "policies/rules/known_names.h"
#include "policies/rules/policy.h"

namespace schemaguard::policies {
namespace {

namespace mysql = parser::mysql;

const mysql::ReadingState kMariaDb = {.flavour = mysql::Flavour::kMariaDb, .version = 101119};
const mysql::ReadingState kMySql = {.flavour = mysql::Flavour::kMySql, .version = 80400};

std::shared_ptr<const Policy> policy() {
  PolicyOptions options;
  options.engine = "mysql";
  options.migrators = {{.user = "deploy", .from = {}, .certificate = ""}};
  return *Policy::build(std::move(options));
}

// What a session keeps of one statement for the next: the reading and the default database.
struct Session {
  mysql::ReadingState reading;
  SessionNames names = mysql_session_names("shop", NameCase::kUnknown);
};

// The strictest verdict over the statements of `text`.
Verdict judge_text(std::string_view text, std::string_view user, Session& session) {
  static const std::shared_ptr<const Policy> kPolicy = policy();
  Subject subject;
  subject.user = user;
  subject.database = "shop";
  const parser::TextFacts facts = mysql::read_statements(text, session.reading);
  Verdict strictest;
  if (facts.unread) strictest = kPolicy->judge_unread(facts.unread_reason, subject);
  for (const parser::StatementFacts& statement : facts.statements) {
    // What passes unseen must be what judge() allows.
    Verdict verdict = kPolicy->judge(statement, subject, session.names);
    if (kPolicy->passes_unseen(statement) && !in_system_database(session.names)) {
      EXPECT_EQ(verdict.action, Action::kAllow) << text;
    }
    EXPECT_NE(verdict.rule, "builtin/everything-else") << text;
    EXPECT_TRUE(is_known_command(statement.command, true) || statement.classes.has(parser::StatementClass::kUnread))
        << statement.command << ": " << text;
    for (const parser::Change& change : statement.changes) {
      EXPECT_TRUE(is_known_change(change.kind, true)) << change.kind << ": " << text;
    }
    for (const parser::SettingChange& setting : statement.settings) {
      if (setting.name == "database") session.names = mysql_session_names(*setting.value, NameCase::kUnknown);
    }
    if (verdict.action >= strictest.action) strictest = std::move(verdict);
  }
  return strictest;
}

TEST(MysqlCorpus, harmless_texts_pass) {
  const std::vector<HarmlessText> texts = harmless_texts();
  ASSERT_GT(texts.size(), 300U);
  for (const HarmlessText& one : texts) {
    for (const mysql::ReadingState& server : {kMariaDb, kMySql}) {
      if (server.flavour == mysql::Flavour::kMySql ? !one.mysql : !one.mariadb) continue;
      Session session{.reading = server};
      const Verdict verdict = judge_text(one.text, one.by_migrator ? "deploy" : "app", session);
      EXPECT_LT(verdict.action, Action::kBlock) << one.place << ": " << one.text << "\n" << verdict.message;
    }
  }
}

TEST(MysqlCorpus, bypasses_do_not_pass) {
  const std::vector<BypassCase> cases = bypass_cases();
  ASSERT_GT(cases.size(), 90U);
  for (const BypassCase& one : cases) {
    ASSERT_TRUE(one.mysql || one.mariadb) << one.place;
    for (const mysql::ReadingState& server : {kMariaDb, kMySql}) {
      if (server.flavour == mysql::Flavour::kMySql ? !one.mysql : !one.mariadb) continue;
      Session session{.reading = server};
      Action strictest = Action::kAllow;
      for (const std::string& message : one.messages) {
        strictest = std::max(strictest, judge_text(message, "app", session).action);
      }
      EXPECT_EQ(action_name(strictest), one.expect) << one.place << ": " << one.name;
    }
  }
}

// Every entry of the catalogue that is a matter of SQL text has a case.
TEST(MysqlCorpus, bypasses_cover_the_catalogue) {
  std::set<std::string> found;
  for (const BypassCase& one : bypass_cases()) found.insert(one.name.substr(0, one.name.find(' ')));
  for (const char* entry : {"M1",  "M3",  "M4",  "M5",  "M6",  "M9",  "M29", "M30", "M31", "M32", "M34",
                            "M36", "M37", "M38", "M40", "M42", "M44", "M45", "M46", "M47", "M49", "M50"}) {
    EXPECT_TRUE(found.contains(entry)) << entry;
  }
}

}  // namespace
}  // namespace schemaguard::policies
