#include "proxy/guard/cancel_registry.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

CancelTarget target(uint32_t process_id) {
  CancelTarget made;
  made.process_id = process_id;
  made.secret = "server";
  return made;
}

TEST(CancelRegistry, FindsASessionByAllThreeParts) {
  CancelRegistry registry;
  const CancelKey key{.process_id = 7, .secret = "abcd", .listener = "127.0.0.1:6432"};
  registry.add(key, target(7));
  ASSERT_TRUE(registry.find(key).has_value());
  EXPECT_EQ(registry.find(key)->secret, "server");
  EXPECT_FALSE(registry.find({.process_id = 8, .secret = "abcd", .listener = "127.0.0.1:6432"}).has_value());
  EXPECT_FALSE(registry.find({.process_id = 7, .secret = "abce", .listener = "127.0.0.1:6432"}).has_value());
  EXPECT_FALSE(registry.find({.process_id = 7, .secret = "abcd", .listener = "127.0.0.1:6433"}).has_value());
  EXPECT_FALSE(registry.find({.process_id = 7, .secret = "abc", .listener = "127.0.0.1:6432"}).has_value());
  EXPECT_FALSE(registry.find({.process_id = 7, .secret = "", .listener = "127.0.0.1:6432"}).has_value());
}

TEST(CancelRegistry, KeepsTwoServersWithOneProcessIdApart) {
  CancelRegistry registry;
  const CancelKey first{.process_id = 7, .secret = "aaaa", .listener = "l"};
  const CancelKey second{.process_id = 7, .secret = "bbbb", .listener = "l"};
  registry.add(first, target(1));
  registry.add(second, target(2));
  EXPECT_EQ(registry.find(first)->process_id, 1U);
  EXPECT_EQ(registry.find(second)->process_id, 2U);
  registry.remove(first);
  EXPECT_FALSE(registry.find(first).has_value());
  EXPECT_EQ(registry.find(second)->process_id, 2U);
  registry.remove(second);
  EXPECT_EQ(registry.size(), 0U);
}

TEST(CancelRegistry, RemovingWhatIsNotThereChangesNothing) {
  CancelRegistry registry;
  const CancelKey key{.process_id = 7, .secret = "abcd", .listener = "l"};
  registry.remove(key);
  registry.add(key, target(1));
  registry.remove({.process_id = 7, .secret = "zzzz", .listener = "l"});
  EXPECT_EQ(registry.size(), 1U);
}

}  // namespace
}  // namespace schemaguard::proxy
