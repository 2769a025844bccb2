#include "parser/mysql/reading.h"

#include <gtest/gtest.h>

namespace schemaguard::parser::mysql {
namespace {

ReadingState after_mode(std::string_view value, Flavour flavour = Flavour::kMariaDb) {
  ReadingState state{.flavour = flavour, .version = 101119};
  apply_sql_mode(value, state);
  return state;
}

TEST(ReadingTest, ReadsModesByNameAndNumber) {
  EXPECT_EQ(after_mode("").ansi_quotes, Certainty::kNo);
  EXPECT_EQ(after_mode("STRICT_TRANS_TABLES,ansi_quotes").ansi_quotes, Certainty::kYes);
  EXPECT_EQ(after_mode("4").ansi_quotes, Certainty::kYes);
  EXPECT_EQ(after_mode("1048576").no_backslash_escapes, Certainty::kYes);
  EXPECT_EQ(after_mode("1048576").ansi_quotes, Certainty::kNo);
  EXPECT_EQ(after_mode("ANSI").ansi_quotes, Certainty::kYes);
  EXPECT_EQ(after_mode("ORACLE").oracle, Certainty::kYes);
  EXPECT_EQ(after_mode("ORACLE").ansi_quotes, Certainty::kYes);
  EXPECT_EQ(after_mode("ORACLE", Flavour::kMySql).oracle, Certainty::kNo);
}

TEST(ReadingTest, KnowsNothingAfterAnUnknownMode) {
  EXPECT_EQ(after_mode("default").no_backslash_escapes, Certainty::kUnknown);
  EXPECT_EQ(after_mode("ANSI_QUOTES,SOMETHING_NEW").ansi_quotes, Certainty::kUnknown);
}

TEST(ReadingTest, ReadsTheVersionOfAGreeting) {  // M40
  ReadingState state;
  EXPECT_TRUE(apply_server_version("5.5.5-10.11.19-MariaDB-0+deb12u1", state));
  EXPECT_EQ(state.flavour, Flavour::kMariaDb);
  EXPECT_EQ(state.version, 101119U);
  EXPECT_TRUE(apply_server_version("8.4.3", state));
  EXPECT_EQ(state.flavour, Flavour::kMySql);
  EXPECT_EQ(state.version, 80403U);
  EXPECT_TRUE(apply_server_version("12.0.2-MariaDB", state));
  EXPECT_EQ(state.version, 120002U);
  EXPECT_FALSE(apply_server_version("hello", state));
  EXPECT_FALSE(state.flavour.has_value());
  EXPECT_FALSE(apply_server_version("8.4", state));
}

TEST(ReadingTest, ListsOnlyReadingsThatMakeADifference) {
  ReadingState state{.flavour = Flavour::kMySql, .version = 80036};
  EXPECT_EQ(possible_readings(state, "select \"a\\\"").size(), 1U);
  state.forget_settings();
  EXPECT_EQ(possible_readings(state, "select 1").size(), 1U);
  EXPECT_EQ(possible_readings(state, "select \"a\"").size(), 2U);
  EXPECT_EQ(possible_readings(state, "select \"\\\"").size(), 4U);
  EXPECT_EQ(possible_readings(state, "").front().character_set, CharacterSet::kUnknown);
}

TEST(ReadingTest, ListsTheVersionsThatACommentTellsApart) {
  const ReadingState nothing;
  EXPECT_EQ(possible_readings(nothing, "select 1").size(), 2U);
  const ReadingState mysql{.flavour = Flavour::kMySql, .version = std::nullopt};
  EXPECT_EQ(possible_readings(mysql, "/*!80000 drop table t */").size(), 2U);
  // 80031 and, as the newer reading of six digits, 800319.
  EXPECT_EQ(possible_readings(mysql, "/*!800319 drop table t */").size(), 3U);
  std::string many;
  for (int version = 10000; version < 10100; ++version) many += "/*!" + std::to_string(version) + "0 x*/";
  EXPECT_TRUE(possible_readings({.flavour = Flavour::kMariaDb, .version = std::nullopt}, many).empty());
}

TEST(ReadingTest, KnowsCharacterSets) {  // M27
  EXPECT_EQ(character_set_by_name("UTF8MB4"), CharacterSet::kUtf8);
  EXPECT_EQ(character_set_by_name("latin1"), CharacterSet::kLatin1);
  EXPECT_EQ(character_set_by_name("gbk"), CharacterSet::kUnsafe);
  EXPECT_EQ(character_set_by_name("koi8r"), CharacterSet::kSafe);
  EXPECT_EQ(character_set_by_name("utf16"), CharacterSet::kUnknown);
}

}  // namespace
}  // namespace schemaguard::parser::mysql
