#include "policies/rules/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace schemaguard::policies {
namespace {

TEST(Glob, Matches) {
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {"users", "users", true},
      {"users", "user", false},
      {"users", "users2", false},
      {"users", "Users", false},
      {"*", "", true},
      {"*", "anything", true},
      {"_*_gho", "_orders_gho", true},
      {"_*_gho", "_orders_ghost", false},
      {"_*_gho", "__gho", true},
      {"_*_gho", "_gho", false},
      {"?", "", false},
      {"?", "a", true},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"*a*b", "xxaxxb", true},
      {"*a*b", "xxbxxa", false},
      {"*aab", "aaaab", true},
      {"a**b", "ab", true},
      {R"(a\*b)", "a*b", true},
      {R"(a\*b)", "axb", false},
      {R"(a\?)", "a?", true},
      {R"(a\?)", "ab", false},
      {R"(\a)", "a", true},
      {"", "", true},
      {"", "a", false},
      {"caf?", "caf\xC3\xA9", false},  // one byte, not one character: names are compared byte by byte
      {"caf*", "caf\xC3\xA9", true},
  };
  for (const auto& [pattern, text, expected] : table) {
    EXPECT_EQ(glob_matches(pattern, text), expected) << pattern << " on " << text;
  }
}

TEST(Glob, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
  EXPECT_TRUE(glob_matches(pattern, std::string(5000, 'a')));
}

TEST(Glob, BadPatternsAreErrors) {
  EXPECT_FALSE(check_glob("").ok());
  EXPECT_FALSE(check_glob("users\\").ok());
  EXPECT_FALSE(check_glob(std::string("a\0b", 3)).ok());
  EXPECT_FALSE(check_glob(std::string(513, 'a')).ok());
  EXPECT_TRUE(check_glob("users\\\\").ok());
}

TEST(Glob, QuotedTextMatchesItselfOnly) {
  for (const std::string text : {"app", "a*b", "what?", "back\\slash", "*"}) {
    EXPECT_TRUE(glob_matches(glob_quote(text), text));
    EXPECT_FALSE(glob_matches(glob_quote(text), text + "x"));
    EXPECT_TRUE(glob_is_literal(glob_quote(text)));
  }
  EXPECT_FALSE(glob_is_literal("a*"));
}

TEST(ObjectGlob, IsCutAtItsFirstDot) {
  const auto two = parse_object_glob("app.users");
  ASSERT_TRUE(two.ok());
  EXPECT_FALSE(two->any_schema);
  EXPECT_EQ(two->schema, "app");
  EXPECT_EQ(two->name, "users");
  const auto three = parse_object_glob("app.users.old");
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(three->name, "users.old");
  const auto one = parse_object_glob("_*_gho");
  ASSERT_TRUE(one.ok());
  EXPECT_TRUE(one->any_schema);
  const auto escaped = parse_object_glob(R"(odd\.name)");
  ASSERT_TRUE(escaped.ok());
  EXPECT_TRUE(escaped->any_schema);
  EXPECT_TRUE(glob_matches(escaped->name, "odd.name"));
  EXPECT_FALSE(parse_object_glob(".users").ok());
  EXPECT_FALSE(parse_object_glob("app.").ok());
  EXPECT_FALSE(parse_object_glob("").ok());
}

}  // namespace
}  // namespace schemaguard::policies
