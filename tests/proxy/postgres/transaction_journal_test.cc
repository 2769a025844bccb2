#include "proxy/postgres/transaction_journal.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy::postgres {
namespace {

using parser::StatementFacts;
using parser::TransactionControl;
using policies::Outcome;

class TransactionJournalTest : public testing::Test {
 protected:
  void control(TransactionControl kind, std::string_view tag, std::string name = {}) {
    StatementFacts facts;
    facts.transaction = kind;
    facts.transaction_name = std::move(name);
    journal_.on_complete(0, &facts, tag, outcomes_, prepared_);
  }
  void done(uint64_t ticket, StatementFacts facts = {}) {
    journal_.on_complete(ticket, &facts, "X", outcomes_, prepared_);
  }
  void expect(std::vector<std::pair<uint64_t, Outcome>> expected) {
    std::vector<std::pair<uint64_t, Outcome>> found;
    for (const StatementOutcome& outcome : outcomes_) found.emplace_back(outcome.ticket, outcome.outcome);
    EXPECT_EQ(found, expected);
  }
  TransactionJournal journal_;
  TransactionJournal::Outcomes outcomes_;
  std::vector<uint64_t> prepared_;
};

TEST_F(TransactionJournalTest, ImplicitTransactionEndsAtReady) {
  done(1);
  journal_.on_ready('T', outcomes_);
  expect({});
  journal_.on_ready('I', outcomes_);
  expect({{1, Outcome::kCommitted}});
  EXPECT_TRUE(journal_.empty());
}

TEST_F(TransactionJournalTest, ErrorTakesBackWhatWasDone) {
  done(1);
  journal_.on_error(2, "22012", outcomes_);
  journal_.on_ready('I', outcomes_);
  expect({{2, Outcome::kFailed}, {1, Outcome::kRolledBack}});
  EXPECT_EQ(outcomes_.front().sqlstate, "22012");
}

TEST_F(TransactionJournalTest, TagOfCommitDecides) {
  done(1);
  control(TransactionControl::kCommit, "ROLLBACK");
  done(2);
  control(TransactionControl::kCommit, "COMMIT");
  expect({{1, Outcome::kRolledBack}, {2, Outcome::kCommitted}});
}

TEST_F(TransactionJournalTest, SavepointsOfOneNameAreAStack) {
  done(1);
  control(TransactionControl::kSavepoint, "SAVEPOINT", "s");
  done(2);
  control(TransactionControl::kSavepoint, "SAVEPOINT", "s");
  done(3);
  control(TransactionControl::kRollbackToSavepoint, "ROLLBACK", "s");
  expect({{3, Outcome::kRolledBack}});
  control(TransactionControl::kRelease, "RELEASE", "s");
  control(TransactionControl::kRollbackToSavepoint, "ROLLBACK", "s");
  control(TransactionControl::kCommit, "COMMIT");
  expect({{3, Outcome::kRolledBack}, {2, Outcome::kRolledBack}, {1, Outcome::kCommitted}});
}

TEST_F(TransactionJournalTest, PreparedTransactionLeavesTheSession) {
  done(1);
  control(TransactionControl::kPrepareTransaction, "PREPARE TRANSACTION", "g");
  expect({});
  EXPECT_EQ(prepared_, std::vector<uint64_t>{1});
  EXPECT_TRUE(journal_.empty());
}

TEST_F(TransactionJournalTest, WhatCommitsByItselfIsCommittedAtOnce) {
  StatementFacts facts;
  facts.command = "VACUUM";
  EXPECT_TRUE(commits_immediately(facts));
  done(1, facts);
  expect({{1, Outcome::kCommitted}});
}

TEST_F(TransactionJournalTest, LossIsUnknownOnlyWhenACommitWasUnderWay) {
  done(1);
  journal_.on_disconnect(Outcome::kUnknown, outcomes_);
  done(2);
  journal_.on_disconnect(Outcome::kRolledBack, outcomes_);
  done(3);
  journal_.on_error(0, "22012", outcomes_);
  journal_.on_disconnect(Outcome::kUnknown, outcomes_);
  expect({{1, Outcome::kUnknown}, {2, Outcome::kRolledBack}, {3, Outcome::kRolledBack}});
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
