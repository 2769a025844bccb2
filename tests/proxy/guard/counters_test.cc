#include "proxy/guard/counters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace schemaguard::proxy {
namespace {

uint64_t value_of(const std::vector<std::pair<std::string, uint64_t>>& sums, const std::string& name) {
  const auto found = std::find_if(sums.begin(), sums.end(), [&name](const auto& sum) { return sum.first == name; });
  return found == sums.end() ? UINT64_MAX : found->second;
}

TEST(Counters, AddsUpWhatEveryWorkerCounted) {
  CounterSet first;
  CounterSet second;
  first.add("counters_test_apples");
  first.add("counters_test_apples", 4);
  second.add("counters_test_apples", 10);
  second.add("counters_test_pears");
  const auto sums = sum_counters({&first, &second});
  EXPECT_EQ(value_of(sums, "counters_test_apples"), 15U);
  EXPECT_EQ(value_of(sums, "counters_test_pears"), 1U);
  EXPECT_TRUE(std::is_sorted(sums.begin(), sums.end()));
}

}  // namespace
}  // namespace schemaguard::proxy
