#include "proxy/guard/prepared_transactions.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

PreparedTransactions::Statements statements(std::vector<uint64_t> tickets) {
  PreparedTransactions::Statements made;
  for (const uint64_t ticket : tickets) made.push_back({.ticket = ticket});
  return made;
}

// The tickets of what is taken; {0} when nothing is known of it.
std::vector<uint64_t> taken(PreparedTransactions& transactions, const PreparedTransactions::Place& place) {
  const auto found = transactions.take(place);
  if (!found) return {0};
  std::vector<uint64_t> tickets;
  for (const policies::LostStatement& statement : *found) tickets.push_back(statement.ticket);
  return tickets;
}

const std::vector<uint64_t> kNothing = {0};

TEST(PreparedTransactions, AreTakenOnceAndOnlyUnderTheirOwnName) {
  PreparedTransactions transactions;
  transactions.stash({"shop", "orders", "t1"}, statements({1, 2}));
  EXPECT_EQ(taken(transactions, {"shop", "orders", "t2"}), kNothing);
  EXPECT_EQ(taken(transactions, {"shop", "stock", "t1"}), kNothing);
  EXPECT_EQ(taken(transactions, {"other", "orders", "t1"}), kNothing);
  EXPECT_EQ(taken(transactions, {"shop", "orders", "t1"}), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(taken(transactions, {"shop", "orders", "t1"}), kNothing);
}

TEST(PreparedTransactions, ForgetTheOldestBeyondTheirNumber) {
  PreparedTransactions transactions;
  const auto place = [](size_t number) {
    return PreparedTransactions::Place{"shop", "orders", std::to_string(number)};
  };
  constexpr size_t kMax = PreparedTransactions::kTransactionsMax;
  for (size_t i = 0; i < kMax + 5; ++i) transactions.stash(place(i), statements({i}));
  EXPECT_EQ(transactions.size(), kMax);
  EXPECT_EQ(taken(transactions, place(4)), kNothing);
  EXPECT_EQ(taken(transactions, place(5)), std::vector<uint64_t>{5});
  // Coming and going without end needs no more memory, and takes nothing away from those who stay.
  transactions.stash(place(6), statements({6}));
  for (size_t i = 0; i < 5 * kMax; ++i) {
    transactions.stash({"shop", "orders", "short"}, statements({i}));
    EXPECT_EQ(taken(transactions, {"shop", "orders", "short"}), std::vector<uint64_t>{i});
  }
  EXPECT_LE(transactions.size(), kMax);
  transactions.stash(place(0), {});
  EXPECT_EQ(taken(transactions, place(0)), std::vector<uint64_t>{}) << "known, and without audited statements";
}

}  // namespace
}  // namespace schemaguard::proxy
