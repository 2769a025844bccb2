#include "proxy/postgres/prepared_statements.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy::postgres {
namespace {

PreparedRef judged(std::string text) { return std::make_shared<const Prepared>(Prepared{.text = std::move(text)}); }

TEST(PreparedStatements, DefinitionCountsWhenItIsConfirmed) {
  PreparedStatements names;
  names.begin("s", judged("a"), 0);
  EXPECT_EQ(names.size(), 0U);
  EXPECT_TRUE(names.knows("s"));
  names.confirm();
  EXPECT_EQ(names.size(), 1U);
  ASSERT_EQ(names.candidates("s", 5).size(), 1U);
  EXPECT_EQ(names.candidates("s", 5).front()->text, "a");
  names.erase("s");
  EXPECT_FALSE(names.knows("s"));
}

TEST(PreparedStatements, FailedDefinitionLeavesTheOldNameAndTakesTheUnnamedOneAway) {
  PreparedStatements names;
  for (const std::string name : {"s", ""}) {
    names.begin(name, judged("old"), 0);
    names.confirm();
    names.begin(name, judged("new"), 1);
    names.fail();
  }
  EXPECT_EQ(names.candidates("s", 2).front()->text, "old");
  EXPECT_TRUE(names.candidates("", 2).empty());
}

TEST(PreparedStatements, SkippedDefinitionChangesNothing) {
  PreparedStatements names;
  names.begin("", judged("old"), 0);
  names.confirm();
  names.begin("", judged("new"), 1);
  names.skip();
  EXPECT_EQ(names.candidates("", 2).front()->text, "old");
}

TEST(PreparedStatements, OpenWhileAnEarlierBatchMayStillDecide) {
  PreparedStatements names;
  names.begin("s", judged("old"), 0);
  names.confirm();
  names.begin("s", harmless_prepared(), 1);
  EXPECT_FALSE(names.is_open("s", 1));  // in its own batch a failure makes the server skip the use
  EXPECT_TRUE(names.is_open("s", 2));
  EXPECT_EQ(names.candidates("s", 2).size(), 2U);
  names.confirm();
  EXPECT_FALSE(names.is_open("s", 2));
  EXPECT_TRUE(names.candidates("s", 2).empty());
}

TEST(PreparedStatements, HarmlessMeaningsAreNeverOpen) {
  PreparedStatements names;
  names.begin("s", harmless_prepared(), 0);
  names.begin("s", refused_prepared(), 1);
  EXPECT_FALSE(names.is_open("s", 2));
}

TEST(PreparedStatements, Evasion81NamesOf63BytesAreOne) {
  PreparedStatements names;
  names.begin(std::string(63, 'n') + "a", judged("a"), 0);
  names.confirm();
  EXPECT_EQ(names.candidates(std::string(63, 'n') + "b", 1).size(), 1U);
}

TEST(PreparedStatements, ClearTakesWhatIsConfirmedOnly) {
  PreparedStatements names;
  names.begin("s", judged("a"), 0);
  names.confirm();
  names.begin("t", judged("b"), 1);
  names.clear();
  EXPECT_FALSE(names.knows("s"));
  EXPECT_TRUE(names.knows("t"));
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
