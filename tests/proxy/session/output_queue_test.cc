#include "proxy/session/output_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::proxy {
namespace {

std::vector<std::string> taken_from(OutputQueue& queue) {
  std::vector<std::string> texts;
  for (const Bytes piece : queue.take()) {
    texts.emplace_back(static_cast<const char*>(static_cast<const void*>(piece.data())), piece.size());
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(OutputQueue, JoinsBorrowedBytesThatFollowEachOther) {
  const std::string_view read = "one two three";
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.borrow(read.substr(0, 4));
  queue.borrow({});
  queue.borrow(read.substr(4, 4));
  EXPECT_FALSE(queue.empty());
  queue.borrow(read.substr(9));
  EXPECT_EQ(taken_from(queue), (Texts{"one two ", "hree"}));
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(taken_from(queue).empty());
  // What comes after a take is a piece of its own.
  queue.borrow(read.substr(0, 4));
  EXPECT_EQ(taken_from(queue), (Texts{"one "}));
  queue.borrow(read.substr(4, 3));
  EXPECT_EQ(taken_from(queue), (Texts{"two"}));
}

TEST(OutputQueue, KeepsTheOrderOfBorrowedAndOwnedBytes) {
  const std::string_view read = "one two three";
  OutputQueue queue;
  queue.borrow(read.substr(0, 4));
  queue.own("guard ");
  queue.own("");
  queue.borrow(read.substr(4));
  queue.own("end");
  EXPECT_EQ(taken_from(queue), (Texts{"one ", "guard ", "two three", "end"}));
}

TEST(OutputQueue, ReleasesWhatWasKeptOnlyWhenNothingWaits) {
  OutputQueue queue;
  const std::string_view kept = queue.keep(std::string(100, 'x'));
  queue.borrow(kept.substr(0, 50));
  queue.release_written();
  EXPECT_EQ(taken_from(queue), (Texts{std::string(50, 'x')}));
  queue.release_written();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace schemaguard::proxy
