#include "policies/rules/known_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies/rules/policy.h"
#include "policies/rules/reason.h"
#include "tests/parser/postgres/statement_corpus.h"

namespace schemaguard::policies {
namespace {

using testing::HasSubstr;

// The corpus has a statement for every node and every subcommand of the grammar: whatever they read as is known here.
TEST(KnownNames, CoverTheWholeCorpus) {
  const auto corpus =
      parser::postgres::read_statement_corpus(std::string(TEST_SOURCE_DIR) + "/parser/postgres/statements.corpus");
  ASSERT_GT(corpus.cases.size(), 100U);
  for (const auto& one : corpus.cases) {
    for (const auto& facts : parser::postgres::read_statements(one.sql, {}).statements) {
      EXPECT_TRUE(is_known_command(facts.command, false)) << facts.command << " of line " << one.line;
      for (const auto& change : facts.changes) {
        EXPECT_TRUE(is_known_change(change.kind, false)) << change.kind << " of line " << one.line;
      }
    }
  }
}

// Whatever a statement is, the built-in policy has an answer for it that is not its last resort.
TEST(KnownNames, TheBuiltInPolicyKnowsTheWholeCorpus) {
  const auto corpus =
      parser::postgres::read_statement_corpus(std::string(TEST_SOURCE_DIR) + "/parser/postgres/statements.corpus");
  const auto policy = *Policy::build({});
  Subject subject;
  subject.user = "app";
  for (const auto& one : corpus.cases) {
    for (const auto& facts : parser::postgres::read_statements(one.sql, {}).statements) {
      const Verdict verdict = policy->judge(facts, subject, {});
      EXPECT_NE(verdict.rule, "builtin/everything-else") << one.sql;
      if (verdict.action == Action::kBlock) {
        EXPECT_THAT(verdict.message, HasSubstr(" blocked: ")) << one.sql;
        EXPECT_FALSE(verdict.hint.empty()) << one.sql;
      }
      if (facts.classes.has(parser::StatementClass::kSchema)) {
        EXPECT_EQ(verdict.action, Action::kBlock) << one.sql;
      }
    }
  }
}

TEST(KnownNames, MisspeltOnesAreNoticed) {
  PolicyOptions options;
  Rule rule;
  rule.name = "mine";
  rule.match.changes = {"drop_table", "drop_*", "drop_tabel"};
  rule.match.commands = {"ALTER TABLE", "drop column"};
  options.rules = {rule};
  const auto policy = *Policy::build(options);
  EXPECT_THAT(policy->warnings(), testing::ElementsAre(HasSubstr("no statement has a change drop_tabel"),
                                                       HasSubstr("no statement has the command DROP COLUMN")));
}

TEST(KnownNames, ARuleForOrdinaryQueriesIsNoticed) {
  PolicyOptions options;
  Rule rule;
  rule.name = "mine";
  rule.match.users = {"intruder"};
  options.rules = {rule};
  EXPECT_THAT((*Policy::build(options))->warnings(), testing::ElementsAre(HasSubstr("ordinary queries")));
}

TEST(Reasons, StandInTheReadme) {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/../README.md");
  const std::string readme((std::istreambuf_iterator<char>(file)), {});
  ASSERT_FALSE(readme.empty());
  for (const ReasonText& text : all_reasons()) {
    const std::string line = "| `" + std::string(text.code) + "` | " + std::string(text.sentence) + " |";
    EXPECT_THAT(readme, HasSubstr(line));
  }
}

}  // namespace
}  // namespace schemaguard::policies
