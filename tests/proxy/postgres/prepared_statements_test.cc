#include "proxy/postgres/prepared_statements.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

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

// The same rules, written down without any care for speed.
class SlowNames {
 public:
  void begin(const std::string& name, PreparedRef prepared, uint64_t batch) {
    open_.push_back({name, {std::move(prepared), batch}});
  }
  void confirm() {
    if (open_.empty()) return;
    known_[open_.front().first] = open_.front().second.first;
    open_.erase(open_.begin());
  }
  void fail() {
    if (open_.empty()) return;
    if (open_.front().first.empty()) known_.erase("");
    open_.erase(open_.begin());
  }
  void skip() {
    if (!open_.empty()) open_.erase(open_.begin());
  }
  std::vector<std::string> candidates(const std::string& name, uint64_t batch) const {
    std::vector<std::string> texts;
    for (size_t i = open_.size(); i > 0; --i) {
      if (open_[i - 1].first != name) continue;
      texts.push_back(open_[i - 1].second.first->text);
      if (open_[i - 1].second.second == batch) return texts;
    }
    if (const auto known = known_.find(name); known != known_.end()) texts.push_back(known->second->text);
    return texts;
  }

 private:
  std::vector<std::pair<std::string, std::pair<PreparedRef, uint64_t>>> open_;
  std::map<std::string, PreparedRef> known_;
};

TEST(PreparedStatements, ManyInFlightFollowTheSameRulesAsFew) {
  std::mt19937 generator(7);
  const auto below = [&](uint32_t end) { return static_cast<uint32_t>(generator() % end); };
  for (const uint32_t names_count : {3U, 40U, 400U}) {
    PreparedStatements names;
    SlowNames slow;
    uint64_t batch = 0;
    for (int step = 0; step < 6000; ++step) {
      const uint32_t number = below(names_count);
      const std::string name = number == 0 ? "" : std::to_string(number);
      // Long stretches of sending and of answers, so that the queue grows and empties.
      const bool sending = (step / 500) % 2 == 0;
      if (below(10) < (sending ? 8U : 1U)) {
        const PreparedRef prepared = judged(std::to_string(step));
        names.begin(name, prepared, batch);
        slow.begin(name, prepared, batch);
        if (below(4) == 0) ++batch;
      } else if (const uint32_t answer = below(8); answer == 0) {
        names.fail();
        slow.fail();
      } else if (answer == 1) {
        names.skip();
        slow.skip();
      } else {
        names.confirm();
        slow.confirm();
      }
      std::vector<std::string> seen;
      for (const PreparedRef& one : names.candidates(name, batch)) seen.push_back(one->text);
      ASSERT_EQ(seen, slow.candidates(name, batch)) << step;
      ASSERT_EQ(names.knows(name), !slow.candidates(name, batch + 1).empty()) << step;
    }
  }
}

}  // namespace
}  // namespace schemaguard::proxy::postgres
