#include "proxy/guard/recent_changes.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::Outcome;

class RecentChangesTest : public testing::Test {
 protected:
  static std::shared_ptr<const policies::AuditSession> session(std::string database,
                                                               std::string engine = "postgresql") {
    policies::AuditSession made;
    made.server = "shop";
    made.database = std::move(database);
    made.engine = std::move(engine);
    return std::make_shared<const policies::AuditSession>(made);
  }
  void change(uint64_t ticket, const std::string& database = "orders") {
    parser::StatementFacts facts;
    facts.command = std::to_string(ticket);
    facts.changes.emplace_back().kind = "create_table";
    AuditRecord record;
    record.session = session(database);
    record.ticket = ticket;
    record.ts = now_;
    record.facts = std::make_shared<const parser::StatementFacts>(facts);
    changes_.note(record);
  }
  void ends(uint64_t ticket, Outcome outcome) {
    AuditRecord record;
    record.event = AuditEvent::kOutcome;
    record.of_ticket = ticket;
    record.outcome = outcome;
    record.ts = now_;
    changes_.note(record);
  }
  // The tickets of what happened beside.
  std::optional<std::vector<uint64_t>> beside(const std::vector<uint64_t>& tickets,
                                              absl::Duration margin = absl::ZeroDuration(),
                                              const std::string& engine = "postgresql") {
    const auto found = changes_.beside(*session("orders", engine), tickets, margin);
    if (!found) return std::nullopt;
    std::vector<uint64_t> numbers;
    for (const auto& facts : *found) numbers.push_back(std::stoull(facts->command));
    return numbers;
  }
  using Tickets = std::vector<uint64_t>;

  RecentChanges changes_;
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(RecentChangesTest, OnlyWhatEndedBeforeIsOutOfTheWay) {
  change(1);
  ends(1, Outcome::kCommitted);
  change(2);  // still open
  change(3);
  change(4);
  ends(4, Outcome::kCommitted);
  change(5, "another");
  EXPECT_EQ(beside({3}), (Tickets{2, 4}));
  EXPECT_EQ(beside({3, 4}), (Tickets{2}));
  ends(2, Outcome::kUnknown);
  EXPECT_EQ(beside({3}), (Tickets{2, 4})) << "it may have been committed";
  ends(2, Outcome::kRolledBack);
  EXPECT_EQ(beside({3}), (Tickets{4}));
}

TEST_F(RecentChangesTest, WhatEndedShortlyBeforeCountsWithinTheMargin) {
  change(1);
  ends(1, Outcome::kCommitted);
  now_ += absl::Seconds(10);
  change(2);
  ends(2, Outcome::kCommitted);
  now_ += absl::Seconds(2);
  change(3);
  EXPECT_EQ(beside({3}), Tickets{});
  EXPECT_EQ(beside({3}, absl::Seconds(3)), (Tickets{2}));
  EXPECT_EQ(beside({3}, absl::Seconds(13)), (Tickets{1, 2}));
}

TEST_F(RecentChangesTest, OnMySqlEveryDatabaseOfTheServerCounts) {
  change(1);
  change(2, "another");
  EXPECT_EQ(beside({1}), Tickets{});
  EXPECT_EQ(beside({1}, absl::ZeroDuration(), "mysql"), (Tickets{2}));
}

TEST_F(RecentChangesTest, WhatHadNoEffectDoesNotCount) {
  change(1);
  for (const uint64_t ticket : {2, 3, 4}) change(ticket);
  ends(2, Outcome::kFailed);
  ends(3, Outcome::kRefused);
  ends(4, Outcome::kPrepared);
  EXPECT_EQ(beside({1}), (Tickets{4}));
}

TEST_F(RecentChangesTest, ForgetsTheOldestAndSaysSo) {
  change(1);
  change(2);
  ends(2, Outcome::kCommitted);
  constexpr uint64_t kMax = RecentChanges::kStatementsMax;
  for (uint64_t ticket = 3; ticket <= kMax + 2; ++ticket) {
    change(ticket);
    ends(ticket, Outcome::kRolledBack);
  }
  EXPECT_EQ(beside({kMax}), std::nullopt) << "the first one is still open";
  ends(1, Outcome::kRolledBack);
  EXPECT_EQ(beside({kMax}), Tickets{});
  EXPECT_EQ(beside({2}), std::nullopt) << "a committed one that ended then has been forgotten";
}

}  // namespace
}  // namespace schemaguard::proxy
