#include "proxy/guard/prepared_transactions.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

TEST(PreparedTransactions, AreTakenOnceAndOnlyUnderTheirOwnName) {
  PreparedTransactions transactions;
  transactions.stash({"shop", "orders", "t1"}, {1, 2});
  EXPECT_TRUE(transactions.take({"shop", "orders", "t2"}).empty());
  EXPECT_TRUE(transactions.take({"shop", "stock", "t1"}).empty());
  EXPECT_TRUE(transactions.take({"other", "orders", "t1"}).empty());
  EXPECT_EQ(transactions.take({"shop", "orders", "t1"}), (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(transactions.take({"shop", "orders", "t1"}).empty());
}

TEST(PreparedTransactions, ForgetTheOldestBeyondTheirNumber) {
  PreparedTransactions transactions;
  const auto place = [](size_t number) {
    return PreparedTransactions::Place{"shop", "orders", std::to_string(number)};
  };
  constexpr size_t kMax = PreparedTransactions::kTransactionsMax;
  for (size_t i = 0; i < kMax + 5; ++i) transactions.stash(place(i), {i});
  EXPECT_EQ(transactions.size(), kMax);
  EXPECT_TRUE(transactions.take(place(4)).empty());
  EXPECT_EQ(transactions.take(place(5)), std::vector<uint64_t>{5});
  // Coming and going without end needs no more memory, and takes nothing away from those who stay.
  transactions.stash(place(6), {6});
  for (size_t i = 0; i < 5 * kMax; ++i) {
    transactions.stash({"shop", "orders", "short"}, {i});
    EXPECT_EQ(transactions.take({"shop", "orders", "short"}), std::vector<uint64_t>{i});
  }
  EXPECT_LE(transactions.size(), kMax);
}

}  // namespace
}  // namespace schemaguard::proxy
