#include "proxy/mysql/tracked_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parser/mysql/statement_reader.h"

namespace schemaguard::proxy::mysql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TrackedStateTest : public testing::Test {
 protected:
  TrackedStateTest() { state_.set_database("shop"); }
  void run(std::string_view text) {
    parser::mysql::ReadingState reading =
        parser::mysql::state_of({.flavour = parser::mysql::Flavour::kMariaDb, .version = 101119});
    for (const parser::StatementFacts& facts : parser::mysql::read_statements(text, reading).statements) {
      state_.apply(facts);
    }
  }
  TrackedState state_;
};

TEST_F(TrackedStateTest, KnowsTemporaryTablesByDatabase) {
  run("CREATE TEMPORARY TABLE t (a int); CREATE TEMPORARY TABLE other.u (a int)");
  EXPECT_THAT(state_.names().temporary, ElementsAre("shop.t", "other.u"));
  run("USE other; DROP TABLE t");
  EXPECT_THAT(state_.names().temporary, ElementsAre("shop.t", "other.u"));
  run("DROP TABLE u; DROP TEMPORARY TABLE shop.t");
  EXPECT_THAT(state_.names().temporary, IsEmpty());
}

TEST_F(TrackedStateTest, FoldsTheNamesOfTemporaryTablesAsTheServerDoes) {
  run("CREATE TEMPORARY TABLE T (a int); DROP TABLE t");
  EXPECT_THAT(state_.names().temporary, ElementsAre("shop.T")) << "whether that was it, nobody knows";
  state_ = {};
  state_.set_database("Shop");
  state_.name_case = policies::NameCase::kFolded;
  run("CREATE TEMPORARY TABLE T (a int); CREATE TEMPORARY TABLE U (a int); DROP TABLE SHOP.t");
  EXPECT_THAT(state_.names().temporary, ElementsAre("shop.u"));
  run("ALTER TABLE u RENAME TO Other.V");
  EXPECT_THAT(state_.names().temporary, ElementsAre("other.v"));
  EXPECT_EQ(state_.names().name_case, policies::NameCase::kFolded);
  run("DROP DATABASE shop");
  EXPECT_EQ(state_.database(), "");
}

TEST_F(TrackedStateTest, LosesCertaintyWithCodeThatNobodyHasRead) {
  run("CREATE TEMPORARY TABLE t (a int); CALL p()");
  EXPECT_FALSE(state_.names().temporary_certain);
  state_.reset();
  EXPECT_TRUE(state_.names().temporary_certain);
}

TEST_F(TrackedStateTest, PreparesNothingBeforeItRuns) {
  run("PREPARE p FROM 'create temporary table users (a int)'; PREPARE q FROM 'use other'");
  EXPECT_THAT(state_.names().temporary, IsEmpty());
  EXPECT_EQ(state_.database(), "shop");
}

TEST_F(TrackedStateTest, DoubtsWhatHasConditions) {
  run("IF 0 THEN CREATE TEMPORARY TABLE users (a int); END IF");
  EXPECT_THAT(state_.names().temporary, IsEmpty());
  EXPECT_FALSE(state_.names().temporary_certain);
  state_.reset();
  run("BEGIN NOT ATOMIC SELECT 1; END");
  EXPECT_TRUE(state_.names().temporary_certain);
}

TEST_F(TrackedStateTest, RenamesIntoTheDefaultDatabase) {
  run("CREATE TEMPORARY TABLE other.t (a int); ALTER TABLE other.t RENAME TO u");
  EXPECT_THAT(state_.names().temporary, ElementsAre("shop.u"));
  run("RENAME TABLE u TO other.v");
  EXPECT_THAT(state_.names().temporary, ElementsAre("other.v"));
}

TEST_F(TrackedStateTest, FollowsTheDefaultDatabase) {
  run("USE crm");
  EXPECT_EQ(state_.database(), "crm");
  EXPECT_THAT(state_.names().search_path, ElementsAre("crm"));
}

TEST_F(TrackedStateTest, KnowsWhatHoldsLocks) {
  run("LOCK TABLES t WRITE");
  EXPECT_TRUE(state_.holds_locks());
  run("UNLOCK TABLES");
  EXPECT_FALSE(state_.holds_locks());
  run("SELECT GET_LOCK('deploy', 10)");
  EXPECT_TRUE(state_.holds_locks());
  run("SELECT RELEASE_LOCK('deploy')");
  EXPECT_FALSE(state_.holds_locks());
}

}  // namespace
}  // namespace schemaguard::proxy::mysql
