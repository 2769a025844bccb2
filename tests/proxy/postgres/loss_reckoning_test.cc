#include "proxy/postgres/loss_reckoning.h"

#include <gtest/gtest.h>

#include "parser/postgres/statement_reader.h"

namespace schemaguard::proxy::postgres {
namespace {

using Parts = std::vector<std::pair<size_t, size_t>>;

class LossReckoningTest : public testing::Test {
 protected:
  // A request that is under way; every change and every opaque statement in it has a ticket.
  PendingRequest& send(char type, std::string_view text = {}) {
    PendingRequest request{.type = type, .details = {}};
    if (!text.empty()) {
      auto facts = std::make_shared<const parser::TextFacts>(parser::postgres::read_statements(text, {}));
      request.details = std::make_unique<RequestDetails>();
      request.details->owners.push_back(facts);
      for (const parser::StatementFacts& statement : facts->statements) {
        const bool audited = !statement.changes.empty() || statement.embedded_commit;
        request.details->statements.push_back(
            {.facts = &statement, .written = &statement, .ticket = audited ? uint64_t{7} : uint64_t{0}});
      }
    }
    pending_.push(std::move(request));
    return pending_.at(pending_.size() - 1);
  }
  PendingRequest& query(std::string_view text) { return send('Q', text); }
  void extended(std::string_view text) {
    send('P');
    send('B');
    send('E', text);
  }
  std::vector<LostGroup> reckon() { return reckon_loss(pending_, circumstances_); }
  static Parts parts_of(const LostGroup& group) {
    Parts parts;
    for (const LostPart& part : group.parts) parts.emplace_back(part.request, part.part);
    return parts;
  }
  // The groups that hold something, the journal's first.
  std::vector<LostGroup> filled() {
    std::vector<LostGroup> groups = reckon();
    std::erase_if(groups, [&](const LostGroup& group) { return &group != &groups.front() && group.parts.empty(); });
    return groups;
  }

  PendingRequests pending_;
  LossCircumstances circumstances_;
};

TEST_F(LossReckoningTest, NothingUnderWayMeansNothingCommitted) {
  circumstances_.in_block = true;
  const auto groups = reckon();
  ASSERT_FALSE(groups.empty());
  EXPECT_FALSE(groups.front().may_have_committed);
}

TEST_F(LossReckoningTest, AutocommittedStatementMayHaveCommitted) {
  query("CREATE TABLE a (a int)");
  const auto groups = filled();
  EXPECT_TRUE(groups.front().may_have_committed);
  EXPECT_EQ(parts_of(groups.front()), (Parts{{0, 0}}));
}

TEST_F(LossReckoningTest, StatementInABlockHasNot) {
  circumstances_.in_block = true;
  query("CREATE TABLE a (a int)");
  EXPECT_FALSE(filled().front().may_have_committed);
}

TEST_F(LossReckoningTest, BlockThatTheMessageOpensStaysOpen) {
  query("BEGIN; CREATE TABLE a (a int)");
  EXPECT_FALSE(filled().front().may_have_committed);
  query("COMMIT");
  EXPECT_TRUE(filled().front().may_have_committed);
}

TEST_F(LossReckoningTest, CommitEndsAGroup) {
  circumstances_.in_block = true;
  query("CREATE TABLE a (a int)");
  query("COMMIT");
  query("CREATE TABLE b (a int)");
  const auto groups = filled();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_TRUE(groups[0].may_have_committed && groups[0].atomic);
  EXPECT_EQ(parts_of(groups[1]), (Parts{{2, 0}}));
  EXPECT_TRUE(groups[1].may_have_committed && groups[1].atomic);
}

TEST_F(LossReckoningTest, WhatARollbackEndsIsNotCommitted) {
  circumstances_.in_block = true;
  query("CREATE TABLE a (a int)");
  query("ROLLBACK");
  query("CREATE TABLE b (a int)");
  const auto groups = filled();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_FALSE(groups[0].may_have_committed);
  EXPECT_TRUE(groups[1].may_have_committed);
}

TEST_F(LossReckoningTest, LastAnswerOfAMessageComesBehindItsCommit) {
  query("CREATE TABLE a (a int); CREATE TABLE b (a int)").parts_done = 2;
  EXPECT_TRUE(filled().front().has_committed);
  pending_.at(0).parts_done = 1;
  EXPECT_FALSE(filled().front().has_committed);
  EXPECT_TRUE(filled().front().may_have_committed);
  pending_.at(0).parts_done = 2;
  circumstances_.in_block = true;
  EXPECT_FALSE(filled().front().has_committed || filled().front().may_have_committed);
}

TEST_F(LossReckoningTest, ImplicitTransactionCommitsAtSyncOnly) {
  extended("CREATE TABLE a (a int)");
  EXPECT_FALSE(filled().front().may_have_committed);
  send('S');
  extended("CREATE TABLE b (a int)");
  const auto groups = filled();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_TRUE(groups[0].may_have_committed && groups[0].atomic);
  EXPECT_FALSE(groups[1].may_have_committed);
}

TEST_F(LossReckoningTest, CommitThatMayBeSkippedLeavesTheGroupOpen) {
  circumstances_.in_block = true;
  extended("COMMIT");
  send('S');
  extended("CREATE TABLE a (a int)");
  send('S');
  const auto groups = filled();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_TRUE(groups[0].may_have_committed);
  EXPECT_FALSE(groups[0].atomic);
}

TEST_F(LossReckoningTest, RollbackToASavepointBreaksTheUnity) {
  circumstances_.in_block = true;
  query("CREATE TABLE a (a int)");
  query("ROLLBACK TO s");
  query("COMMIT");
  EXPECT_TRUE(filled().front().may_have_committed);
  EXPECT_FALSE(filled().front().atomic);
}

TEST_F(LossReckoningTest, PreparedTransactionHasItsName) {
  circumstances_.in_block = true;
  query("PREPARE TRANSACTION 'g'");
  EXPECT_EQ(filled().front().gid, "g");
  EXPECT_TRUE(filled().front().may_have_committed);
}

TEST_F(LossReckoningTest, FailedMessageIsATransactionOfItsOwn) {
  query("CREATE TABLE a (a int)").failed = true;
  query("CREATE TABLE b (a int)");
  EXPECT_FALSE(reckon().front().may_have_committed);
  EXPECT_TRUE(filled().back().may_have_committed);
  circumstances_.said_fatal = true;
  EXPECT_FALSE(filled().back().may_have_committed);
}

class StoppedBackendTest : public LossReckoningTest {
 protected:
  StoppedBackendTest() { circumstances_ = {.in_block = false, .said_fatal = true, .stopped_before_commit = true}; }
};

TEST_F(StoppedBackendTest, StatementThatDidNotEndWasNotCommitted) {
  query("CREATE TABLE a (a int)");
  query("CREATE TABLE b (a int)");
  for (const LostGroup& group : filled()) EXPECT_FALSE(group.may_have_committed || group.has_committed);
}

TEST_F(StoppedBackendTest, CommitThatDidNotEndWasNoneEither) {
  circumstances_.in_block = true;
  query("COMMIT");
  EXPECT_FALSE(filled().front().may_have_committed);
}

TEST_F(StoppedBackendTest, EndedMessageWasCommitted) {
  query("CREATE TABLE a (a int)").parts_done = 1;
  EXPECT_TRUE(filled().front().has_committed);
}

TEST_F(StoppedBackendTest, BetweenTheCommitOfASyncAndItsAnswerItMayHaveStopped) {
  send('S');
  EXPECT_TRUE(filled().front().may_have_committed);
  circumstances_.in_block = true;
  EXPECT_FALSE(filled().front().may_have_committed);
}

TEST_F(StoppedBackendTest, BeforeTheSyncOfItsBatchItHasNotCommitted) {
  send('E', "CREATE TABLE a (a int)");
  send('S');
  EXPECT_FALSE(filled().front().may_have_committed);
}

TEST_F(StoppedBackendTest, WhatCommitsByItselfLeavesSomethingBehind) {
  query("CREATE INDEX CONCURRENTLY i ON a (a)");
  EXPECT_TRUE(filled().front().may_have_committed);
}

TEST_F(StoppedBackendTest, UnreadTextMayHaveCommitted) {
  query("SELECT 1").uncertain = true;
  pending_.at(0).details.reset();
  circumstances_.in_block = true;
  EXPECT_TRUE(filled().front().may_have_committed);
}

TEST(EndsBackendBeforeCommit, OnlyTheServersOwnEnds) {
  EXPECT_TRUE(ends_backend_before_commit("FATAL", "57P01"));
  EXPECT_TRUE(ends_backend_before_commit("FATAL", "25P03"));
  EXPECT_FALSE(ends_backend_before_commit("PANIC", "57P01"));
  EXPECT_FALSE(ends_backend_before_commit("FATAL", "08P01"));
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
