// Names on MySQL and MariaDB: the default database, temporary tables, case, and the rules that speak of them.
#include <gtest/gtest.h>

#include <functional>

#include "parser/mysql/statement_reader.h"
#include "policies/rules/policy.h"
#include "policies/rules/reason.h"

namespace schemaguard::policies {
namespace {

namespace mysql = parser::mysql;

parser::StatementFacts read(std::string_view text) {
  mysql::ReadingState state{.flavour = mysql::Flavour::kMariaDb, .version = 101119};
  const parser::TextFacts facts = mysql::read_statements(text, state);
  EXPECT_EQ(facts.statements.size(), 1U) << text;
  return facts.statements.empty() ? parser::StatementFacts{} : facts.statements.front();
}

struct Setup {
  std::vector<Rule> rules = {};
  std::vector<std::string> plain_functions = {};
  bool local_infile = false;
};

std::shared_ptr<const Policy> policy_of(Setup setup) {
  PolicyOptions options;
  options.engine = "mysql";
  options.migrators = {{.user = "deploy", .from = {}, .certificate = ""}};
  options.rules = std::move(setup.rules);
  options.plain_functions = std::move(setup.plain_functions);
  options.local_infile = setup.local_infile;
  auto policy = Policy::build(std::move(options));
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

Rule rule_of(Action action, const std::string& object) {
  Rule rule;
  rule.name = "mine";
  rule.action = action;
  rule.match.objects = {object};
  return rule;
}

Verdict judge(const Policy& policy, std::string_view text, const SessionNames& names, std::string_view user = "app") {
  Subject subject;
  subject.user = user;
  subject.database = "shop";
  return policy.judge(read(text), subject, names);
}

Verdict judge_as_default(std::string_view text, const SessionNames& names) {
  return judge(*policy_of({}), text, names);
}

const SessionNames kShop = mysql_session_names("shop", NameCase::kExact);
const SessionNames kNowhere = mysql_session_names("", NameCase::kExact);

TEST(MysqlNames, unqualified_names_stand_in_the_default_database) {
  const auto allow = policy_of({.rules = {rule_of(Action::kAllow, "shop.users")}});
  EXPECT_EQ(judge(*allow, "ALTER TABLE users ADD c int", kShop).action, Action::kAllow);
  EXPECT_EQ(judge(*allow, "ALTER TABLE shop.users ADD c int", kNowhere).action, Action::kAllow);
  EXPECT_EQ(judge(*allow, "ALTER TABLE users ADD c int", kNowhere).action, Action::kBlock);
  EXPECT_EQ(judge(*allow, "ALTER TABLE other.users ADD c int", kShop).action, Action::kBlock);
  EXPECT_EQ(judge(*allow, "DROP TABLE users, orders", kShop).action, Action::kBlock);
  const auto block = policy_of({.rules = {rule_of(Action::kBlock, "shop.users")}});
  EXPECT_EQ(judge(*block, "ALTER TABLE users ADD c int", kShop, "deploy").reason, reason::kRule);
  EXPECT_EQ(judge(*block, "ALTER TABLE users ADD c int", kNowhere, "deploy").reason, reason::kRule);
  EXPECT_EQ(judge(*block, "ALTER TABLE other.users ADD c int", kShop, "deploy").action, Action::kAllow);
  EXPECT_EQ(judge_as_default("ALTER TABLE users ADD c int", kShop).subject, "ALTER TABLE shop.users");
  EXPECT_EQ(judge_as_default("ALTER TABLE users ADD c int", kNowhere).subject, "ALTER TABLE users");
}

TEST(MysqlNames, indexes_and_triggers_belong_to_their_tables) {
  const auto allow = policy_of({.rules = {rule_of(Action::kAllow, "shop.users")}});
  EXPECT_EQ(judge(*allow, "CREATE INDEX i ON users (a)", kShop).action, Action::kAllow);
  EXPECT_EQ(judge(*allow, "DROP INDEX users ON orders", kShop).action, Action::kBlock);
  EXPECT_EQ(judge(*allow, "ALTER TABLE users ADD INDEX (a)", kShop).action, Action::kAllow);
}

TEST(MysqlNames, a_rename_counts_with_both_names) {
  const auto allow = policy_of({.rules = {rule_of(Action::kAllow, "shop._*")}});
  EXPECT_EQ(judge(*allow, "RENAME TABLE _a TO _b", kShop).action, Action::kAllow);
  EXPECT_EQ(judge(*allow, "RENAME TABLE _a TO users", kShop).action, Action::kBlock);
  EXPECT_EQ(judge(*allow, "RENAME TABLE _a TO other._b", kShop).action, Action::kBlock);
  EXPECT_EQ(judge(*allow, "RENAME TABLE _a TO shop._b", kShop).action, Action::kAllow);
  // Without a database the new name goes into the default one, not into that of the table.
  EXPECT_EQ(judge(*allow, "ALTER TABLE shop._a RENAME TO _b", mysql_session_names("other", NameCase::kExact)).action,
            Action::kBlock);
}

TEST(MysqlNames, a_rule_for_the_tables_of_a_database_stops_its_drop) {
  const auto block = policy_of({.rules = {rule_of(Action::kBlock, "shop.*")}});
  EXPECT_EQ(judge(*block, "ALTER DATABASE shop CHARACTER SET utf8mb4", kNowhere, "deploy").reason, reason::kRule);
  EXPECT_EQ(judge(*block, "ALTER DATABASE CHARACTER SET utf8mb4", kShop, "deploy").reason, reason::kRule);
  EXPECT_EQ(judge(*block, "ALTER DATABASE other CHARACTER SET utf8mb4", kShop, "deploy").action, Action::kAllow);
}

TEST(MysqlNames, temporary_tables_hide_others) {  // M30
  SessionNames names = kShop;
  names.temporary = {"shop.u"};
  for (const char* text : {"ALTER TABLE u ADD c int", "ALTER TABLE shop.u ADD INDEX (c)", "DROP TABLE u",
                           "TRUNCATE TABLE u", "DROP INDEX i ON u", "CREATE INDEX i ON u (a)", "RENAME TABLE u TO v"}) {
    const Verdict verdict = judge_as_default(text, names);
    EXPECT_EQ(verdict.action, Action::kAllow) << text;
  }
  for (const char* text : {"DROP TABLE u, users", "ALTER TABLE other.u ADD c int", "ALTER TABLE U ADD c int",
                           "CREATE TABLE u (a int)", "ALTER TABLE u EXCHANGE PARTITION p WITH TABLE users",
                           "CREATE TRIGGER u BEFORE INSERT ON users FOR EACH ROW SET NEW.a = 1"}) {
    EXPECT_EQ(judge_as_default(text, names).action, Action::kBlock) << text;
  }
  names.name_case = NameCase::kFolded;
  EXPECT_EQ(judge_as_default("ALTER TABLE SHOP.U ADD c int", names).action, Action::kAllow);
  names.name_case = NameCase::kUnknown;
  EXPECT_EQ(judge_as_default("ALTER TABLE SHOP.U ADD c int", names).action, Action::kBlock);
  names.temporary_certain = false;
  EXPECT_EQ(judge_as_default("DROP TABLE u", names).action, Action::kBlock);
  // A database may have the name that PostgreSQL keeps temporary objects under.
  EXPECT_EQ(judge_as_default("CREATE TABLE t (a int)", mysql_session_names("pg_temp", NameCase::kExact)).action,
            Action::kBlock);
}

TEST(MysqlNames, case_counts_as_the_server_says) {  // M46
  const auto allow = policy_of({.rules = {rule_of(Action::kAllow, "shop.users")}});
  const auto block = policy_of({.rules = {rule_of(Action::kBlock, "shop.users")}});
  const struct {
    NameCase name_case;
    Action lifted;   // for the application, under the rule that allows
    Action refused;  // for the migrator, under the rule that refuses
  } cases[] = {
      {NameCase::kExact, Action::kBlock, Action::kAllow},
      {NameCase::kFolded, Action::kAllow, Action::kBlock},
      {NameCase::kUnknown, Action::kBlock, Action::kBlock},
  };
  for (const auto& one : cases) {
    const SessionNames names = mysql_session_names("SHOP", one.name_case);
    for (const char* text : {"ALTER TABLE users ADD c int", "ALTER TABLE shop.Users ADD c int"}) {
      EXPECT_EQ(judge(*allow, text, names).action, one.lifted) << text;
      EXPECT_EQ(judge(*block, text, names, "deploy").action, one.refused) << text;
    }
  }
  // Routines are never told apart by case.
  const auto routine = policy_of({.rules = {rule_of(Action::kAllow, "shop.Proc")}});
  EXPECT_EQ(judge(*routine, "DROP PROCEDURE pROC", kShop).action, Action::kAllow);
}

TEST(MysqlNames, writes_of_a_session_in_a_system_database_are_catalog_writes) {
  const SessionNames names = mysql_session_names("MySQL", NameCase::kUnknown);
  EXPECT_TRUE(in_system_database(names));
  EXPECT_FALSE(in_system_database(kShop));
  EXPECT_EQ(judge_as_default("DELETE FROM global_priv", names).reason, reason::kCatalogWrite);
  EXPECT_EQ(judge_as_default("DELETE FROM shop.users", names).action, Action::kAllow);
  EXPECT_EQ(judge_as_default("SELECT * FROM user", names).action, Action::kAllow);
}

TEST(MysqlNames, every_database_that_is_named_is_touched) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(touched_databases(read("SELECT 1"), kShop), Names{"shop"});
  EXPECT_EQ(touched_databases(read("SELECT 1"), kNowhere), Names{""});
  EXPECT_EQ(touched_databases(read("DROP TABLE a, B.c, d.e"), kShop), (Names{"shop", "B", "d"}));
  EXPECT_EQ(touched_databases(read("DROP TABLE Shop.a"), mysql_session_names("SHOP", NameCase::kUnknown)),
            Names{"shop"});
  EXPECT_EQ(touched_databases(read("RENAME TABLE a TO x.b"), kShop), (Names{"shop", "x"}));
  EXPECT_EQ(touched_databases(read("CREATE INDEX i ON x.t (a)"), kShop), (Names{"shop", "x"}));
  EXPECT_EQ(touched_databases(read("INSERT INTO x.t VALUES (1)"), kShop), (Names{"shop", "x"}));
  EXPECT_EQ(touched_databases(read("ALTER DATABASE x CHARACTER SET utf8mb4"), kShop), (Names{"shop", "x"}));
  std::string many = "DROP TABLE a";
  for (int number = 0; number < 100; ++number) many += ", d" + std::to_string(number) + ".t";
  EXPECT_TRUE(touched_databases(read(many), kShop).empty());
}

TEST(MysqlPolicy, local_files_are_the_operators_choice) {
  const char* const text = "LOAD DATA LOCAL INFILE 'x' INTO TABLE users";
  const Verdict blocked = judge_as_default(text, kShop);
  EXPECT_EQ(blocked.action, Action::kBlock);
  EXPECT_EQ(blocked.reason, reason::kLocalInfile);
  EXPECT_FALSE(policy_of({})->passes_unseen(read(text)));
  EXPECT_EQ(judge(*policy_of({.local_infile = true}), text, kShop).action, Action::kAllow);
  EXPECT_EQ(judge(*policy_of({}), text, kShop, "deploy").action, Action::kLog);
  Rule rule;
  rule.name = "etl";
  rule.action = Action::kAllow;
  rule.match.changes = {"local_infile"};
  rule.match.users = {"app"};
  EXPECT_EQ(judge(*policy_of({.rules = {rule}}), text, kShop).action, Action::kAllow);
  EXPECT_EQ(
      judge(*policy_of({.rules = {rule}, .local_infile = true}), "LOAD DATA INFILE 'x' INTO TABLE users", kShop).reason,
      reason::kServerFile);
}

TEST(MysqlPolicy, settings_are_named) {
  EXPECT_EQ(judge_as_default("SET GLOBAL event_scheduler = ON", kShop).message,
            "SET event_scheduler blocked: it changes the whole server, not one schema");
  EXPECT_EQ(judge_as_default("SET sql_log_bin = 0", kShop).reason, reason::kSetting);
  Rule rule = rule_of(Action::kAllow, "event_scheduler");
  rule.match.classes = {"cluster"};
  const auto allow = policy_of({.rules = {rule}});
  EXPECT_EQ(judge(*allow, "SET GLOBAL event_scheduler = ON", kShop).action, Action::kAllow);
  EXPECT_EQ(judge(*allow, "SET GLOBAL event_scheduler = ON, GLOBAL local_infile = 1", kShop).action, Action::kBlock);
}

TEST(MysqlPolicy, the_functions_of_the_other_engine_mean_nothing) {
  EXPECT_EQ(judge_as_default("SELECT shop.query_to_xml('x')", kShop).action, Action::kAllow);
  EXPECT_EQ(judge_as_default("CALL dblink('x')", kShop).action, Action::kAllow);
  EXPECT_EQ(judge_as_default("CALL sys.execute_prepared_stmt('drop table t')", kShop).reason, reason::kRunsSqlText);
  const char* const call = "CALL sys.execute_prepared_stmt('drop table t')";
  EXPECT_EQ(judge(*policy_of({.plain_functions = {"sys.*"}}), call, kShop).action, Action::kBlock);
  EXPECT_EQ(judge(*policy_of({.plain_functions = {"sys.execute_prepared_stmt"}}), call, kShop).action, Action::kAllow);
}

TEST(MysqlPolicy, warns_about_words_that_no_statement_has) {
  Rule rule;
  rule.name = "mine";
  rule.match.changes = {"modify_column", "alter_column_type"};
  rule.match.commands = {"RENAME TABLE", "VACUUM"};
  const auto policy = policy_of({.rules = {rule}});
  ASSERT_EQ(policy->warnings().size(), 2U);
  EXPECT_NE(policy->warnings()[0].find("alter_column_type"), std::string::npos);
  EXPECT_NE(policy->warnings()[1].find("VACUUM"), std::string::npos);
}

}  // namespace
}  // namespace schemaguard::policies
