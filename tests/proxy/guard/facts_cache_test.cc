#include "proxy/guard/facts_cache.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy {
namespace {

using parser::postgres::Certainty;
using parser::postgres::Reading;

std::shared_ptr<const parser::TextFacts> facts_of(const std::string& command) {
  auto facts = std::make_shared<parser::TextFacts>();
  facts->statements.emplace_back();
  facts->statements.back().command = command;
  return facts;
}

TEST(FactsCache, FindsATextOnlyUnderItsOwnReading) {
  FactsCache cache(1 << 20);
  const Reading usual;
  const Reading other{.standard_conforming_strings = Certainty::kNo};
  cache.put("SELECT '\\'", usual, facts_of("SELECT"));
  ASSERT_NE(cache.find("SELECT '\\'", usual), nullptr);
  EXPECT_EQ(cache.find("SELECT '\\'", other), nullptr);
  EXPECT_EQ(cache.find("SELECT '\\' ", usual), nullptr);
  cache.put("SELECT '\\'", other, facts_of("other"));
  EXPECT_EQ(cache.find("SELECT '\\'", other)->statements.front().command, "other");
  EXPECT_EQ(cache.find("SELECT '\\'", usual)->statements.front().command, "SELECT");
}

TEST(FactsCache, DropsTheLeastRecentlyUsedAndStaysWithinItsBytes) {
  const size_t one = [] {
    FactsCache probe(1 << 20);
    probe.put("text 0", {}, facts_of("SELECT"));
    return probe.bytes();
  }();
  FactsCache cache(3 * one);
  for (int i = 0; i < 3; ++i) cache.put("text " + std::to_string(i), {}, facts_of("SELECT"));
  EXPECT_EQ(cache.size(), 3U);
  ASSERT_NE(cache.find("text 0", {}), nullptr);  // now the youngest
  cache.put("text 3", {}, facts_of("SELECT"));
  EXPECT_EQ(cache.find("text 1", {}), nullptr);
  EXPECT_NE(cache.find("text 0", {}), nullptr);
  EXPECT_NE(cache.find("text 2", {}), nullptr);
  EXPECT_NE(cache.find("text 3", {}), nullptr);
  for (int i = 0; i < 1000; ++i) {
    cache.put("more " + std::to_string(i), {}, facts_of("SELECT"));
    ASSERT_LE(cache.bytes(), 3 * one);
  }
}

TEST(FactsCache, DoesNotKeepWhatIsTooLarge) {
  FactsCache cache(1 << 20);
  const std::string long_text(FactsCache::kTextBytesMax + 1, 'x');
  cache.put(long_text, {}, facts_of("SELECT"));
  EXPECT_EQ(cache.find(long_text, {}), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
  FactsCache tiny(100);
  tiny.put("SELECT 1", {}, facts_of("SELECT"));
  EXPECT_EQ(tiny.size(), 0U);
}

TEST(FactsCache, CountsWhatTheFactsHold) {
  parser::TextFacts small;
  small.statements.emplace_back();
  parser::TextFacts large = small;
  large.statements.back().changes.emplace_back();
  large.statements.back().changes.back().definition = std::string(5000, 'x');
  EXPECT_GE(facts_weight_bytes(large), facts_weight_bytes(small) + 5000);
}

}  // namespace
}  // namespace schemaguard::proxy
