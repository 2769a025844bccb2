#include "proxy/guard/routines_seen.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

TEST(RoutinesSeen, TellsFirstUsesApart) {
  RoutinesSeen seen;
  EXPECT_TRUE(seen.is_first_use({"shop", "orders", "app", "refresh_totals"}));
  EXPECT_FALSE(seen.is_first_use({"shop", "orders", "app", "refresh_totals"}));
  EXPECT_TRUE(seen.is_first_use({"shop", "orders", "report", "refresh_totals"}));
  EXPECT_TRUE(seen.is_first_use({"shop", "orders", "ap", "prefresh_totals"}));
}

TEST(RoutinesSeen, ForgetsInsteadOfGrowing) {
  RoutinesSeen seen;
  for (size_t i = 0; i < RoutinesSeen::kEntriesMax; ++i) {
    EXPECT_TRUE(seen.is_first_use({"shop", "orders", "app", std::to_string(i)}));
  }
  EXPECT_FALSE(seen.is_first_use({"shop", "orders", "app", "1"}));
  EXPECT_TRUE(seen.is_first_use({"shop", "orders", "app", "one more"}));
  EXPECT_TRUE(seen.is_first_use({"shop", "orders", "app", "1"}));
}

}  // namespace
}  // namespace schemaguard::proxy
