// What the catalog proves of a MySQL statement without an answer: facts are those that the real reader makes of the
// text.
#include "policies/settlement/mysql_settlement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "parser/mysql/statement_reader.h"

namespace schemaguard::policies {
namespace {

using parser::mysql::ReadingState;

std::vector<std::shared_ptr<const parser::StatementFacts>> read(std::string_view text) {
  std::vector<std::shared_ptr<const parser::StatementFacts>> all;
  ReadingState state{.flavour = parser::mysql::Flavour::kMariaDb, .version = 101119};
  const parser::TextFacts read_facts = parser::mysql::read_statements(text, state);
  for (const parser::StatementFacts& facts : read_facts.statements) {
    all.push_back(std::make_shared<const parser::StatementFacts>(facts));
  }
  return all;
}

LostTransaction lost(std::string_view text, std::string_view database = "shop") {
  LostTransaction made{.atomic = false};
  for (auto& facts : read(text)) {
    made.statements.push_back(
        {.ticket = 1, .facts = std::move(facts), .names = mysql_session_names(database, NameCase::kUnknown)});
  }
  return made;
}

constexpr auto kThere = CatalogAnswer::kThere;
constexpr auto kAbsent = CatalogAnswer::kAbsent;
constexpr auto kCommitted = Outcome::kCommitted;
constexpr auto kRolledBack = Outcome::kRolledBack;
constexpr auto kUnknown = Outcome::kUnknown;

// What is seen of everything that is asked for, unless `others` names it.
std::vector<SettledStatement> settle(const LostTransaction& transaction, MysqlAnswer answer,
                                     const std::map<std::string, MysqlAnswer>& others = {}) {
  const std::vector<MysqlQuestion> questions = mysql_settlement_questions(transaction);
  std::vector<MysqlAnswer> answers;
  for (const MysqlQuestion& question : questions) {
    const auto other = others.find(question.display());
    answers.push_back(other == others.end() ? answer : other->second);
  }
  return settle_mysql(transaction, questions, answers);
}

Outcome outcome(std::string_view text, MysqlAnswer answer, const std::map<std::string, MysqlAnswer>& others = {}) {
  return settle(lost(text), answer, others).at(0).outcome;
}

std::vector<std::string> asked(std::string_view text, std::string_view database = "shop") {
  std::vector<std::string> names;
  for (const MysqlQuestion& one : mysql_settlement_questions(lost(text, database))) {
    names.push_back((one.made ? "+" : "-") + one.display());
  }
  return names;
}

TEST(MysqlSettlement, WhatIsMadeIsProvedByAbsenceOrByADate) {
  for (const char* text : {"CREATE TABLE t (a INT)", "CREATE TABLE IF NOT EXISTS shop.t (a INT)",
                           "ALTER TABLE t ADD COLUMN a INT", "CREATE INDEX i ON t (a)", "CREATE VIEW v AS SELECT 1",
                           "CREATE PROCEDURE p() SELECT 1", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a=1",
                           "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (a)", "CREATE DATABASE d"}) {
    EXPECT_EQ(outcome(text, {.now = kAbsent}), kRolledBack) << text;
    EXPECT_EQ(outcome(text, {.now = kThere}), kUnknown) << text;
    EXPECT_EQ(outcome(text, {.now = kThere, .dated_since = true}), kCommitted) << text;
    EXPECT_EQ(outcome(text, {.before = kAbsent, .now = kThere}), kCommitted) << text;
    EXPECT_EQ(outcome(text, {.before = kThere, .now = kThere}), kUnknown) << text;
    EXPECT_EQ(outcome(text, {}), kUnknown) << text;
  }
}

TEST(MysqlSettlement, WhatIsDroppedIsProvedByPresenceOrByALookBefore) {
  for (const char* text : {"DROP TABLE t", "DROP TABLE IF EXISTS t", "ALTER TABLE t DROP COLUMN a", "DROP INDEX i ON t",
                           "ALTER TABLE t DROP PRIMARY KEY", "DROP VIEW v", "DROP EVENT e", "DROP TRIGGER g"}) {
    EXPECT_EQ(outcome(text, {.now = kThere}), kRolledBack) << text;
    EXPECT_EQ(outcome(text, {.now = kThere, .dated_since = true}), kRolledBack) << text;
    EXPECT_EQ(outcome(text, {.now = kAbsent}), kUnknown) << text;
    EXPECT_EQ(outcome(text, {.before = kThere, .now = kAbsent}), kCommitted) << text;
  }
}

TEST(MysqlSettlement, WhatMayVanishOtherwiseProvesNothingByAbsence) {
  EXPECT_EQ(outcome("CREATE EVENT e ON SCHEDULE AT NOW() DO SELECT 1", {.now = kAbsent}), kUnknown);
  EXPECT_EQ(outcome("CREATE OR REPLACE TABLE t (a INT)", {.now = kAbsent}), kUnknown) << "dropped, and not made";
  EXPECT_EQ(outcome("CREATE OR REPLACE TABLE t (a INT)", {.now = kThere, .dated_since = true}), kCommitted);
  EXPECT_EQ(outcome("ALTER TABLE IF EXISTS t ADD COLUMN a INT", {.now = kAbsent}), kUnknown);
  EXPECT_EQ(outcome("DROP DATABASE d", {.now = kThere}), kUnknown) << "its tables may be gone";
  EXPECT_EQ(outcome("DROP DATABASE d", {.before = kThere, .now = kAbsent}), kCommitted);
}

TEST(MysqlSettlement, DropOfSeveralIsDecidedByAllOfThem) {
  const MysqlAnswer gone{.before = kThere, .now = kAbsent};
  const MysqlAnswer there{.before = kThere, .now = kThere};
  const MysqlAnswer never{.before = kAbsent, .now = kAbsent};
  EXPECT_EQ(outcome("DROP TABLE a, b", gone), kCommitted);
  EXPECT_EQ(outcome("DROP TABLE a, b", there), kRolledBack);
  EXPECT_EQ(outcome("DROP TABLE a, b", gone, {{"table shop.b", never}}), kUnknown);
  EXPECT_EQ(outcome("DROP TABLE IF EXISTS a, b", gone, {{"table shop.b", never}}), kCommitted);
  EXPECT_EQ(outcome("DROP TABLE IF EXISTS a, b", never), kUnknown);
  const SettledStatement half = settle(lost("DROP TABLE a, b"), gone, {{"table shop.b", there}}).at(0);
  EXPECT_EQ(half.outcome, kUnknown);
  EXPECT_EQ(half.evidence,
            "the statement may be half done: table shop.a is not there, and was while the statement ran; table shop.b "
            "is there");
  EXPECT_THAT(asked("DROP TEMPORARY TABLE a, b"), testing::IsEmpty());
}

TEST(MysqlSettlement, EvidenceSaysWhatWasSeen) {
  EXPECT_EQ(settle(lost("CREATE TABLE t (a INT)"), {.now = kThere, .dated_since = true}).at(0).evidence,
            "table shop.t is there, and dates from after the statement");
  EXPECT_EQ(settle(lost("ALTER TABLE t ADD a INT"), {.before = kAbsent, .now = kThere}).at(0).evidence,
            "column shop.t.a is there, and was not while the statement ran");
  EXPECT_EQ(settle(lost("ALTER TABLE t COMMENT 'x'"), {}).at(0).evidence, "no change that the catalog could prove");
  EXPECT_EQ(settle(lost("CREATE TABLE t (a INT)"), {.now = kThere}).at(0).evidence,
            "what the catalog shows proves nothing");
}

TEST(MysqlSettlement, AsksForNamesThatAreCertain) {
  EXPECT_THAT(asked("RENAME TABLE a TO b"), testing::ElementsAre("-table shop.a", "+table shop.b"));
  EXPECT_THAT(asked("RENAME TABLE t TO t_old, t_new TO t"),
              testing::ElementsAre("+table shop.t_old", "-table shop.t_new"));
  EXPECT_THAT(asked("RENAME TABLE a TO other.b"), testing::ElementsAre("-table shop.a", "+table other.b"));
  EXPECT_THAT(asked("ALTER TABLE a RENAME TO b, ADD COLUMN c INT"),
              testing::ElementsAre("-table shop.a", "+table shop.b"));
  EXPECT_THAT(asked("ALTER TABLE t CHANGE a b INT"), testing::ElementsAre("-column shop.t.a", "+column shop.t.b"));
  EXPECT_THAT(asked("ALTER TABLE t CHANGE a A INT"), testing::IsEmpty());
  EXPECT_THAT(asked("ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT, ADD b INT"),
              testing::ElementsAre("+column shop.t.b"));
  EXPECT_THAT(asked("ALTER TABLE t DROP INDEX i, ADD UNIQUE INDEX j (a)"),
              testing::ElementsAre("-index shop.t.i", "+index shop.t.j"));
  EXPECT_THAT(asked("ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a)"),
              testing::ElementsAre("+constraint shop.t.PRIMARY"));
  EXPECT_THAT(asked("ALTER TABLE t ADD PRIMARY KEY (a)"), testing::ElementsAre("+constraint shop.t.PRIMARY"));
  EXPECT_THAT(asked("ALTER TABLE t ADD CONSTRAINT u UNIQUE KEY other (a)"), testing::IsEmpty());
  EXPECT_THAT(asked("ALTER TABLE t DROP CONSTRAINT u, ADD UNIQUE KEY u (b)"), testing::IsEmpty());
  EXPECT_THAT(asked("CREATE TRIGGER g BEFORE INSERT ON other.t FOR EACH ROW SET @a = 1"),
              testing::ElementsAre("+trigger other.g"));
  EXPECT_THAT(asked("CREATE FUNCTION f RETURNS STRING SONAME 'x.so'"), testing::IsEmpty());
  EXPECT_THAT(asked("DROP TABLE t", ""), testing::IsEmpty()) << "in which database?";
  EXPECT_THAT(asked("GRANT SELECT ON t TO a"), testing::IsEmpty());
  EXPECT_THAT(asked("CALL p()"), testing::IsEmpty());
}

TEST(MysqlSettlement, TemporaryTablesAreNotAskedFor) {
  LostTransaction transaction = lost("DROP TABLE t");
  transaction.statements[0].names.temporary = {"shop.t"};
  EXPECT_THAT(mysql_settlement_questions(transaction), testing::IsEmpty());
  transaction.statements[0].names.temporary.clear();
  transaction.statements[0].names.temporary_certain = false;
  EXPECT_THAT(mysql_settlement_questions(transaction), testing::IsEmpty());
}

TEST(MysqlSettlement, StatementsOfOnePacketAreSettledEachByItself) {
  const LostTransaction two = lost("CREATE TABLE a (x INT); CREATE TABLE b (x INT)");
  const auto settled = settle(two, {.now = kAbsent}, {{"table shop.a", {.now = kThere, .dated_since = true}}});
  ASSERT_EQ(settled.size(), 2U);
  EXPECT_EQ(settled[0].outcome, kCommitted);
  EXPECT_EQ(settled[1].outcome, kRolledBack);
  EXPECT_THAT(asked("CREATE TABLE a (x INT); DROP TABLE a"), testing::IsEmpty()) << "which of them has run?";
}

TEST(MysqlSettlement, ChangesOfOthersThatNameItAreFound) {
  const auto touches = [](std::string_view other, std::string_view own) {
    return touches_in_mysql(*read(other).at(0), mysql_settlement_questions(lost(own)).at(0));
  };
  const char* const add = "ALTER TABLE t ADD COLUMN a INT";
  EXPECT_TRUE(touches("DROP TABLE t", add)) << "its database may be the same";
  EXPECT_TRUE(touches("DROP TABLE SHOP.T", add));
  EXPECT_FALSE(touches("DROP TABLE other.t", add));
  EXPECT_TRUE(touches("ALTER TABLE shop.t ADD INDEX i (b)", add));
  EXPECT_TRUE(touches("RENAME TABLE x TO t", add));
  EXPECT_TRUE(touches("RENAME TABLE x TO shop.t", add));
  EXPECT_TRUE(touches("DROP DATABASE shop", add));
  EXPECT_FALSE(touches("DROP DATABASE other", add));
  EXPECT_TRUE(touches("TRUNCATE TABLE t", add)) << "it gets a new date";
  EXPECT_FALSE(touches("DROP TABLE u", add));
  EXPECT_TRUE(touches("DROP TABLE anything", "DROP TRIGGER g")) << "which may be its table";
  EXPECT_TRUE(touches("DROP TRIGGER g", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1"));
}

}  // namespace
}  // namespace schemaguard::policies
