#include "proxy/audit/prepared_tail.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace schemaguard::proxy {
namespace {

class PreparedTailTest : public testing::Test {
 protected:
  PreparedTailTest() : file_(testing::TempDir() + "prepared_tail_test.jsonl") { std::filesystem::remove(file_); }
  ~PreparedTailTest() override { std::filesystem::remove(file_); }

  void outcome(uint64_t of, const std::string& outcome, const std::string& gid = {}) {
    std::ofstream stream(file_, std::ios::app);
    stream << R"({"v":1,"of":)" << of << R"(,"event":"outcome","server":"shop","database":"orders","outcome":")"
           << outcome << '"';
    if (!gid.empty()) stream << R"(,"detail":{"gid":")" << gid << R"("})";
    stream << "}\n";
  }
  [[nodiscard]] std::vector<uint64_t> waiting(const std::string& gid) const {
    const PreparedTail tail = read_prepared_tail(file_);
    const auto found = tail.find({"shop", "orders", gid});
    return found == tail.end() ? std::vector<uint64_t>{} : found->second;
  }

  std::string file_;
};

TEST_F(PreparedTailTest, FindsWhatHasNotEnded) {
  outcome(1, "committed");
  outcome(3, "unknown");
  outcome(3, "prepared", "g");
  outcome(4, "prepared", "g");
  outcome(5, "prepared", "ended");
  outcome(5, "committed");
  outcome(6, "prepared", "lost");
  outcome(6, "unknown");
  EXPECT_EQ(waiting("g"), (std::vector<uint64_t>{3, 4}));
  EXPECT_TRUE(waiting("ended").empty());
  EXPECT_EQ(waiting("lost"), std::vector<uint64_t>{6});
}

TEST_F(PreparedTailTest, FindsNothingInWhatIsNoAudit) {
  EXPECT_TRUE(read_prepared_tail(file_).empty());
  EXPECT_TRUE(read_prepared_tail("/dev/null").empty());
  std::ofstream(file_) << R"({"event":"outcome","outcome":"prepared","of":1)";
  EXPECT_TRUE(read_prepared_tail(file_).empty());
}

}  // namespace
}  // namespace schemaguard::proxy
