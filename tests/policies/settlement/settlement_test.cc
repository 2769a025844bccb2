// What the catalog proves, statement by statement: facts are those that the real reader makes of the text.
#include "policies/settlement/settlement.h"

#include <gtest/gtest.h>

#include <set>

#include "parser/postgres/statement_reader.h"

namespace schemaguard::policies {
namespace {

using Facts = std::shared_ptr<const parser::StatementFacts>;

std::vector<Facts> read(std::string_view text) {
  std::vector<Facts> all;
  for (const parser::StatementFacts& facts : parser::postgres::read_statements(text, {}).statements) {
    all.push_back(std::make_shared<const parser::StatementFacts>(facts));
  }
  return all;
}

LostStatement lost(Facts facts, bool answered) {
  return {.ticket = 1, .facts = std::move(facts), .answered = answered, .path = PathKnowledge::kDefault};
}

LostTransaction transaction(std::string_view answered, std::string_view unanswered = {}) {
  LostTransaction made{.session = nullptr, .gid = {}, .statements = {}};
  for (Facts& facts : read(answered)) made.statements.push_back(lost(std::move(facts), true));
  for (Facts& facts : read(unanswered)) made.statements.push_back(lost(std::move(facts), false));
  return made;
}

// The outcome when exactly the things in `there` are there.
std::vector<Outcome> outcomes(const LostTransaction& lost_transaction, const std::set<std::string>& there,
                              const std::vector<Facts>& elsewhere = {}, bool event_triggers = false) {
  const std::vector<CatalogQuestion> questions = settlement_questions(lost_transaction, elsewhere);
  CatalogAnswers answers{.answers = {}, .event_triggers = event_triggers};
  for (const CatalogQuestion& question : questions) {
    answers.answers.push_back(there.contains(question.display()) ? CatalogAnswer::kThere : CatalogAnswer::kAbsent);
  }
  std::vector<Outcome> result;
  for (const SettledStatement& one : settle(lost_transaction, questions, answers)) result.push_back(one.outcome);
  return result;
}

Outcome outcome(std::string_view answered, const std::set<std::string>& there, std::string_view unanswered = {}) {
  const auto all = outcomes(transaction(answered, unanswered), there);
  EXPECT_EQ(std::set<Outcome>(all.begin(), all.end()).size(), 1U) << "a transaction is atomic";
  return all.front();
}

constexpr Outcome kCommitted = Outcome::kCommitted;
constexpr Outcome kRolledBack = Outcome::kRolledBack;
constexpr Outcome kUnknown = Outcome::kUnknown;

// What the text makes or drops, and what its presence and absence prove when the statement was answered or was not.
struct Case {
  std::string_view text, name;
  Outcome answered_there, answered_absent, unanswered_there, unanswered_absent;
};

constexpr Case creates(std::string_view text, std::string_view name) {
  return {text, name, kCommitted, kRolledBack, kUnknown, kRolledBack};
}
constexpr Case drops(std::string_view text, std::string_view name) {
  return {text, name, kRolledBack, kCommitted, kRolledBack, kUnknown};
}
constexpr Case may_create(std::string_view text, std::string_view name) {
  return {text, name, kUnknown, kRolledBack, kUnknown, kRolledBack};
}
constexpr Case may_drop(std::string_view text, std::string_view name) {
  return {text, name, kRolledBack, kUnknown, kRolledBack, kUnknown};
}

class OneChange : public testing::TestWithParam<Case> {};

TEST_P(OneChange, ProvesWhatItCan) {
  const Case& one = GetParam();
  EXPECT_EQ(outcome(one.text, {std::string(one.name)}), one.answered_there);
  EXPECT_EQ(outcome(one.text, {}), one.answered_absent);
  EXPECT_EQ(outcome({}, {std::string(one.name)}, one.text), one.unanswered_there);
  EXPECT_EQ(outcome({}, {}, one.text), one.unanswered_absent);
}

INSTANTIATE_TEST_SUITE_P(
    Settlement, OneChange,
    testing::Values(
        creates("CREATE TABLE s.t (a int)", "relation s.t"), creates("CREATE TABLE t (a int)", "relation t"),
        may_create("CREATE TABLE IF NOT EXISTS s.t (a int)", "relation s.t"),
        creates("CREATE TABLE s.t AS SELECT 1 AS a", "relation s.t"), creates("SELECT 1 AS a INTO s.t", "relation s.t"),
        drops("DROP TABLE s.t", "relation s.t"), may_drop("DROP TABLE IF EXISTS s.t", "relation s.t"),
        creates("CREATE VIEW s.v AS SELECT 1", "relation s.v"),
        may_create("CREATE OR REPLACE VIEW s.v AS SELECT 1", "relation s.v"),
        may_create("CREATE /* really */ OR REPLACE VIEW s.v AS SELECT 1", "relation s.v"),
        creates("CREATE MATERIALIZED VIEW s.v AS SELECT 1", "relation s.v"),
        creates("CREATE SEQUENCE s.q", "relation s.q"), creates("CREATE INDEX i ON s.t (a)", "relation s.i"),
        drops("DROP INDEX s.i", "relation s.i"), creates("CREATE SCHEMA s", "schema s"),
        drops("DROP SCHEMA s", "schema s"), creates("CREATE TYPE s.e AS ENUM ('a')", "type s.e"),
        creates("CREATE DOMAIN s.d AS int", "type s.d"), drops("DROP TYPE s.e", "type s.e"),
        creates("ALTER TYPE s.e ADD VALUE 'b'", "enum value s.e.b"),
        may_create("ALTER TYPE s.e ADD VALUE IF NOT EXISTS 'b'", "enum value s.e.b"),
        creates("ALTER TABLE s.t ADD COLUMN c int", "column s.t.c"),
        may_create("ALTER TABLE s.t ADD COLUMN IF NOT EXISTS c int", "column s.t.c"),
        drops("ALTER TABLE s.t DROP COLUMN c", "column s.t.c"),
        may_drop("ALTER TABLE s.t DROP COLUMN IF EXISTS c", "column s.t.c"),
        creates("ALTER TABLE s.t ADD CONSTRAINT k CHECK (a > 0)", "constraint s.t.k"),
        drops("ALTER TABLE s.t DROP CONSTRAINT k", "constraint s.t.k"),
        may_create("ALTER TABLE s.t ALTER a SET NOT NULL", "NOT NULL of column s.t.a"),
        may_drop("ALTER TABLE s.t ALTER a DROP NOT NULL", "NOT NULL of column s.t.a"),
        may_create("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "routine s.f"),
        Case{"DROP FUNCTION s.f()", "routine s.f", kUnknown, kCommitted, kUnknown, kUnknown},
        creates("CREATE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION f()", "trigger s.t.g"),
        may_create("CREATE OR REPLACE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION f()",
                   "trigger s.t.g"),
        drops("DROP TRIGGER g ON s.t", "trigger s.t.g"), creates("CREATE POLICY p ON s.t", "policy s.t.p"),
        creates("CREATE ROLE r", "role r"), drops("DROP ROLE r", "role r"),
        creates("CREATE EXTENSION x", "extension x"), creates("CREATE PUBLICATION p", "publication p"),
        // Proves nothing, whatever the catalog says.
        Case{"CREATE TEMP TABLE t (a int)", "relation t", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"CREATE INDEX ON s.t (a)", "relation s.", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"ALTER TABLE s.t ALTER a TYPE bigint", "column s.t.a", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"ALTER TABLE s.t ADD CHECK (a > 0)", "constraint s.t.", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"CREATE INDEX CONCURRENTLY i ON s.t (a)", "relation s.i", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"DO $$ BEGIN CREATE TABLE s.t (a int); END $$", "relation s.t", kUnknown, kUnknown, kUnknown, kUnknown},
        Case{"ALTER TABLE IF EXISTS s.t ADD COLUMN c int", "column s.t.c", kCommitted, kUnknown, kUnknown, kUnknown},
        Case{"GRANT SELECT ON s.t TO r", "relation s.t", kUnknown, kUnknown, kUnknown, kUnknown}));

TEST(Settlement, RenameIsADropOfOneNameAndACreateOfAnother) {
  for (const auto& [text, from, to] :
       {std::tuple("ALTER TABLE s.a RENAME TO b", "relation s.a", "relation s.b"),
        std::tuple("ALTER TABLE s.t RENAME COLUMN a TO b", "column s.t.a", "column s.t.b"),
        std::tuple("ALTER TABLE s.t RENAME CONSTRAINT a TO b", "constraint s.t.a", "constraint s.t.b"),
        std::tuple("ALTER TYPE s.e RENAME VALUE 'a' TO 'b'", "enum value s.e.a", "enum value s.e.b"),
        std::tuple("ALTER SCHEMA a RENAME TO b", "schema a", "schema b"),
        std::tuple("ALTER TABLE s.t SET SCHEMA u", "relation s.t", "relation u.t")}) {
    EXPECT_EQ(outcome(text, {from}), kRolledBack) << text;
    EXPECT_EQ(outcome(text, {to}), kCommitted) << text;
    EXPECT_EQ(outcome(text, {from, to}), kUnknown) << text << ": they contradict each other";
    EXPECT_EQ(outcome(text, {}), kUnknown) << text;
    EXPECT_EQ(outcome({}, {from}, text), kRolledBack) << text;
    EXPECT_EQ(outcome({}, {to}, text), kUnknown) << text;
  }
}

TEST(Settlement, OneDecidableChangeDecidesTheWholeTransaction) {
  const auto all =
      outcomes(transaction("CREATE TABLE s.t (a int); COMMENT ON TABLE s.t IS 'x'; CREATE INDEX i ON s.t (a); "
                           "ALTER TABLE s.t ADD COLUMN c int; ALTER TABLE s.t ALTER c SET NOT NULL",
                           "ALTER TABLE s.t ALTER a TYPE bigint"),
               {"relation s.t", "relation s.i", "column s.t.c", "NOT NULL of column s.t.c"});
  EXPECT_EQ(all, std::vector<Outcome>(6, kCommitted));
}

TEST(Settlement, WithoutUnityEachStatementSpeaksForItself) {
  LostTransaction apart =
      transaction("CREATE TABLE s.a (a int); CREATE TABLE s.b (a int); COMMENT ON TABLE s.a IS 'x'");
  apart.atomic = false;
  EXPECT_EQ(outcomes(apart, {"relation s.a"}), (std::vector{kCommitted, kRolledBack, kUnknown}));
}

TEST(Settlement, NameThatAnotherChangeOfTheTransactionTouchesProvesNothing) {
  EXPECT_EQ(outcome("CREATE TABLE s.t (a int)", {}, "DROP TABLE s.t"), kUnknown);
  EXPECT_EQ(outcome("DROP TABLE s.t; CREATE TABLE s.t (a int)", {"relation s.t"}), kUnknown);
  EXPECT_EQ(outcome("ALTER TABLE s.t ADD COLUMN c int", {}, "ALTER TABLE s.t DROP COLUMN c"), kUnknown);
  EXPECT_EQ(outcome("CREATE INDEX i ON s.t (a)", {}, "DROP TABLE s.t"), kUnknown);
  EXPECT_EQ(outcome("CREATE INDEX i ON s.t (a)", {"relation s.t"}, "DROP TABLE s.t"), kRolledBack);
  EXPECT_EQ(outcome("CREATE TABLE s.a (a int); ALTER TABLE s.a RENAME TO b", {"relation s.b"}), kCommitted);
  EXPECT_EQ(outcome("CREATE TABLE s.t (a int)", {}, "DROP SCHEMA s"), kUnknown);
}

TEST(Settlement, WhatMayUndoUnseenTakesTheForceOfAbsence) {
  for (const std::string_view undo :
       {"DROP TABLE s.other CASCADE", "DO $$ BEGIN EXECUTE current_setting('x.y'); END $$"}) {
    const LostTransaction with = transaction("CREATE TABLE s.t (a int)", undo);
    EXPECT_EQ(outcomes(with, {"relation s.other"}).front(), undo.starts_with("DROP") ? kRolledBack : kUnknown) << undo;
    EXPECT_EQ(outcomes(with, {"relation s.t"}).front(), kCommitted) << undo;
  }
  const LostTransaction made = transaction("CREATE TABLE s.t (a int)");
  EXPECT_EQ(outcomes(made, {}, {}, true).front(), kUnknown);
  EXPECT_EQ(outcomes(made, {"relation s.t"}, {}, true).front(), kCommitted);
  const LostTransaction gone = transaction("DROP TABLE s.t");
  EXPECT_EQ(outcomes(gone, {"relation s.t"}, {}, true).front(), kUnknown);
  EXPECT_EQ(outcomes(gone, {}, {}, true).front(), kCommitted);
}

TEST(Settlement, WorkOfOtherSessionsOnTheSameObjectLeavesItUnknown) {
  const LostTransaction made = transaction("CREATE TABLE s.t (a int)");
  for (const std::string_view text : {"DROP TABLE s.t", "CREATE TABLE t (a int)", "ALTER TABLE s.x RENAME TO t",
                                      "CREATE INDEX i ON s.t (a)", "DROP SCHEMA s CASCADE"}) {
    EXPECT_EQ(outcomes(made, {"relation s.t"}, read(text)).front(), kUnknown) << text;
  }
  EXPECT_EQ(outcomes(made, {"relation s.t"}, read("CREATE TABLE other.t (a int)")).front(), kCommitted);
}

TEST(Settlement, NameWithoutASchemaNeedsAKnownPath) {
  LostTransaction made = transaction("CREATE TABLE t (a int)");
  made.statements.front().path = PathKnowledge::kUnknown;
  EXPECT_TRUE(settlement_questions(made, {}).empty());
  EXPECT_EQ(outcomes(made, {}).front(), kUnknown);
  made.statements.front().path = PathKnowledge::kCertain;
  ASSERT_EQ(settlement_questions(made, {}).size(), 1U);
  EXPECT_TRUE(settlement_questions(made, {}).front().makes_name);
  EXPECT_TRUE(settlement_questions(transaction("CREATE TABLE t (a int)", "CREATE SCHEMA app"), {}).size() == 1)
      << "the path may lead into the new schema";
}

TEST(Settlement, TemporaryObjectsProveNothing) {
  LostTransaction shadowed = transaction("DROP TABLE t");
  shadowed.statements.front().names.temporary = {"t"};
  EXPECT_TRUE(settlement_questions(shadowed, {}).empty());
  shadowed.statements.front().names = {.temporary = {}, .temporary_certain = false, .search_path = {}};
  EXPECT_TRUE(settlement_questions(shadowed, {}).empty());
}

TEST(Settlement, WithoutFactsOrAnswersNothingIsKnown) {
  LostTransaction made = transaction("CREATE TABLE s.t (a int)");
  const auto questions = settlement_questions(made, {});
  EXPECT_EQ(settle(made, questions, {.answers = {CatalogAnswer::kUndecided}}).front().outcome, kUnknown);
  EXPECT_EQ(settle(made, questions, {.answers = {}}).front().outcome, kUnknown);
  made.statements.front().facts = nullptr;
  EXPECT_TRUE(settlement_questions(made, {}).empty());
}

TEST(Settlement, EvidenceIsAPlainSentence) {
  const LostTransaction made = transaction("CREATE TABLE s.t (a int)");
  const auto questions = settlement_questions(made, {});
  EXPECT_EQ(settle(made, questions, {.answers = {CatalogAnswer::kThere}}).front().evidence, "relation s.t is there");
}

}  // namespace
}  // namespace schemaguard::policies
