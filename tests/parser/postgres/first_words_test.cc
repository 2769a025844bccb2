// What can be told of statements that the grammar is not given: too long here.
#include <gtest/gtest.h>

#include "parser/postgres/statement_reader.h"

namespace schemaguard::parser::postgres {
namespace {

ClassSet classes_of(std::string_view text) {
  const TextFacts facts = read_statements(text, {});
  ClassSet classes;
  for (const StatementFacts& statement : facts.statements) classes.add(statement.classes);
  return classes;
}

// INSERT and MERGE are names as well as verbs; only the verb in front makes INTO name a target that is there already.
TEST(FirstWordsTest, IntoBehindANameThatIsAVerbElsewhere) {
  const std::string constant = "'" + std::string(300'000, 'x') + "'";
  for (const std::string& text : {
           "SELECT " + constant + " insert INTO t",
           "SELECT " + constant + " AS merge INTO t",
           "(SELECT " + constant + " insert INTO t)",
           "WITH a AS (SELECT " + constant + ") SELECT (2) insert INTO t",
           "WITH a (b) AS (SELECT " + constant + ") SELECT (b) insert INTO t FROM a",
           "WITH a AS (SELECT " + constant + " insert INTO t) SELECT 1",
           "WITH insert AS (SELECT " + constant + ") SELECT (2) insert INTO t",
       }) {
    EXPECT_TRUE(classes_of(text).has(StatementClass::kUnread)) << text.substr(0, 30);
  }
  for (const std::string& text : {
           "INSERT INTO t VALUES (" + constant + ")",
           "MERGE INTO t USING s ON a = " + constant + " WHEN MATCHED THEN DO NOTHING",
           "WITH a AS (SELECT " + constant + ") INSERT INTO t SELECT * FROM a",
           "WITH a (b) AS (SELECT 1), c AS MATERIALIZED (INSERT INTO t VALUES (" + constant + ") RETURNING 1) TABLE c",
       }) {
    EXPECT_EQ(classes_of(text), ClassSet({StatementClass::kQuery})) << text.substr(0, 30);
  }
  EXPECT_TRUE(classes_of("UPDATE ONLY (pg_class) SET relname = " + constant).has(StatementClass::kCatalogWrite));
  EXPECT_TRUE(classes_of("DELETE FROM ONLY (s.t) WHERE a = " + constant).has(StatementClass::kQuery));
}

}  // namespace
}  // namespace schemaguard::parser::postgres
