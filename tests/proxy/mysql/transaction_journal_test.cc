#include "proxy/mysql/transaction_journal.h"

#include <gtest/gtest.h>

#include "parser/mysql/statement_reader.h"

namespace schemaguard::proxy::mysql {
namespace {

using policies::Outcome;

class JournalTest : public testing::Test {
 protected:
  // The statement completes; the flag behind it says whether a transaction is open.
  void complete(std::string_view text, bool in_transaction, uint64_t ticket = 0) {
    const auto facts = read(text);
    journal_.on_complete(ticket, &facts.statements.front(), in_transaction, outcomes_);
  }
  void fail(std::string_view text, uint16_t error, std::string_view sqlstate, uint64_t ticket = 0) {
    const auto facts = read(text);
    journal_.on_error(ticket, &facts.statements.front(), error, sqlstate, outcomes_);
  }
  Outcome outcome_of(uint64_t ticket) const {
    Outcome found = Outcome::kNone;
    for (const StatementOutcome& outcome : outcomes_) {
      if (outcome.ticket != ticket) continue;
      EXPECT_EQ(found, Outcome::kNone) << "two outcomes of " << ticket;
      found = outcome.outcome;
    }
    return found;
  }

  TransactionJournal journal_;
  TransactionJournal::Outcomes outcomes_;

 private:
  static parser::TextFacts read(std::string_view text) {
    parser::mysql::ReadingState state = parser::mysql::state_of({});
    return parser::mysql::read_statements(text, state);
  }
};

TEST_F(JournalTest, CommitsAtOnceOutsideOfATransaction) {
  complete("DELETE FROM t", false, 1);
  EXPECT_EQ(outcome_of(1), Outcome::kCommitted);
  EXPECT_TRUE(journal_.empty());
}

TEST_F(JournalTest, WaitsForTheEndOfTheTransaction) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  EXPECT_EQ(outcome_of(1), Outcome::kNone);
  complete("COMMIT", false);
  EXPECT_EQ(outcome_of(1), Outcome::kCommitted);
}

TEST_F(JournalTest, KnowsARollback) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  complete("ROLLBACK", false);
  EXPECT_EQ(outcome_of(1), Outcome::kRolledBack);
}

TEST_F(JournalTest, RollsBackToASavepointOfAnyCase) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  complete("SAVEPOINT Here", true);
  complete("DELETE FROM t", true, 2);
  complete("ROLLBACK TO here", true);
  EXPECT_EQ(outcome_of(2), Outcome::kRolledBack);
  complete("COMMIT", false);
  EXPECT_EQ(outcome_of(1), Outcome::kCommitted);
}

TEST_F(JournalTest, ASchemaChangeCommitsWhatWasOpenEvenWhenItFails) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  fail("ALTER TABLE t ADD c int", 1060, "42S21", 2);
  EXPECT_EQ(outcome_of(1), Outcome::kCommitted);
  EXPECT_EQ(outcome_of(2), Outcome::kFailed);
}

TEST_F(JournalTest, ASyntaxErrorCommitsNothing) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  fail("ALTER TABLE t ADD c nonsense nonsense", 1064, "42000", 2);
  EXPECT_EQ(outcome_of(1), Outcome::kNone);
  complete("ROLLBACK", false);
  EXPECT_EQ(outcome_of(1), Outcome::kRolledBack);
}

TEST_F(JournalTest, ADeadlockRollsAllOfItBack) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  fail("DELETE FROM t", 1213, "40001", 2);
  EXPECT_EQ(outcome_of(1), Outcome::kRolledBack);
  EXPECT_EQ(outcome_of(2), Outcome::kFailed);
}

TEST_F(JournalTest, TheEndOfTheConnectionRollsBack) {
  complete("BEGIN", true);
  complete("DELETE FROM t", true, 1);
  journal_.on_end(Outcome::kRolledBack, outcomes_);
  EXPECT_EQ(outcome_of(1), Outcome::kRolledBack);
  EXPECT_TRUE(journal_.empty());
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
