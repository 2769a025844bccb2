// Which names in front of a '(' are calls, and which calls are facts.
#include "parser/mysql/function_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mysql/plain_functions.h"
#include "parser/mysql/statement_reader.h"

namespace schemaguard::parser::mysql {
namespace {

using Strings = std::vector<std::string>;

StatementFacts only(std::string_view text) {
  ReadingState state{.flavour = Flavour::kMariaDb, .version = 101119};
  TextFacts facts = read_statements(text, state);
  EXPECT_EQ(facts.statements.size(), 1U) << text;
  return facts.statements.empty() ? StatementFacts{} : facts.statements.front();
}

TEST(MySqlFunctionTest, KnowsPlainNames) {
  EXPECT_TRUE(is_plain_function_name("concat"));
  EXPECT_TRUE(is_plain_function_name("st_geomfromtext"));
  EXPECT_FALSE(is_plain_function_name("load_file"));
  EXPECT_FALSE(is_plain_function_name("setval"));
  EXPECT_FALSE(is_plain_function_name(""));
  for (const std::string_view name : plain_function_names()) {
    EXPECT_TRUE(is_plain_function_name(name)) << name;
    EXPECT_LE(name.size(), kPlainFunctionBytesMax) << name;
  }
  EXPECT_TRUE(std::ranges::is_sorted(plain_function_names()));
}

TEST(MySqlFunctionTest, ListsRoutinesOfWhichNothingIsKnown) {
  for (const auto& [text, functions] : std::vector<std::pair<std::string_view, Strings>>{
           {"select f(1), now(), F (2)", {"f", "f"}},
           {"select d.f(1), `d`.`g`(1), p.q.r(1)", {"d.f", "d.g", "p.q.r"}},
           {"select `in`(1)", {"in"}},
           {"select high_priority f(1)", {"f"}},
           {"insert into t values (f(1))", {"f"}},
           {"update t set a = f(1)", {"f"}},
           {"set @a = f(1)", {"f"}},
           {"explain select f(1)", {"f"}},
           {"do d.now()", {"d.now"}},
       }) {
    const StatementFacts facts = only(text);
    EXPECT_EQ(facts.functions, functions) << text;
    EXPECT_TRUE(facts.classes.has(StatementClass::kOpaque)) << text;
    EXPECT_EQ(facts.opaque, OpaqueReason::kUnprovedRoutine) << text;
  }
}

TEST(MySqlFunctionTest, TakesNoListOfColumnsForACall) {
  for (const std::string_view text :
       {"insert into d.t (a) values (1)", "insert t (a) values (1)", "replace low_priority into t (a) select 1",
        "insert ignore t(a) values (1) as n(b) on duplicate key update a = n.b",
        "with a (b) as (select 1), c (d) as (select 2) select 1 from a, c", "select * from (select 1) t (a)",
        "with recursive a (b) as (select 1) select 1", "load data local infile 'x' into table t (a, b)",
        "explain insert into t (a) values (1)", "select * from t use index (i) where a in (1) and exists (select 1)",
        "select cast(a as datetime(6)), convert(a, char(5)), `now`() from t partition (p)",
        "select sum(a) over (partition by b), json_value(c, '$') from t"}) {
    const StatementFacts facts = only(text);
    EXPECT_EQ(facts.functions, Strings{}) << text;
    EXPECT_EQ(facts.classes, ClassSet{StatementClass::kQuery}) << text;
  }
}

TEST(MySqlFunctionTest, KnowsWhatActsBeyondRows) {
  EXPECT_TRUE(only("select `LOAD_FILE` ('/x')").classes.has(StatementClass::kServerFile));  // M38
  EXPECT_TRUE(only("select setval(s, 1)").classes.has(StatementClass::kDestructive));
  EXPECT_EQ(only("select sys_exec('x')").opaque, OpaqueReason::kRunsSqlText);
  EXPECT_EQ(only("select f(1), spider_direct_sql('x')").opaque, OpaqueReason::kRunsSqlText);  // M37
  // A lock is a query, but somebody wants to know.
  EXPECT_EQ(only("select get_lock('a', 1)").classes, ClassSet{StatementClass::kQuery});
  EXPECT_EQ(only("select get_lock('a', 1)").functions, Strings{"get_lock"});
}

}  // namespace
}  // namespace schemaguard::parser::mysql
