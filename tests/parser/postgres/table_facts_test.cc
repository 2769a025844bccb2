// What tables and views bring with them besides themselves.
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

// The facts of a text that must be one statement.
StatementFacts only(std::string_view text) {
  const TextFacts facts = read_statements(text, {});
  EXPECT_EQ(facts.statements.size(), 1U) << text;
  return facts.statements.empty() ? StatementFacts{} : facts.statements.front();
}

// What is stored now and runs later without being named: defaults, checks, bounds, the queries of views.
TEST(TableFactsTest, StoredExpressionsCount) {
  for (const std::string_view text : {
           "CREATE TEMP TABLE t (a text DEFAULT pg_read_file('f'))",
           "CREATE TEMP TABLE t (a text, CHECK (a <> pg_read_file('f')))",
           "CREATE TEMP TABLE p PARTITION OF t FOR VALUES IN (pg_read_file('f'))",
           "CREATE TEMP VIEW v AS SELECT pg_read_file('f')",
       }) {
    EXPECT_TRUE(classes_of(text).has(StatementClass::kServerFile)) << text;
  }
  EXPECT_EQ(only("CREATE TEMP VIEW v AS SELECT query_to_xml('SELECT 1', true, true, '')").opaque,
            OpaqueReason::kRunsSqlText);
  for (const std::string_view text : {
           "CREATE TEMP TABLE t (a text DEFAULT set_config('app.x', 'y', false))",
           "CREATE TEMP VIEW v AS SELECT set_config('search_path', 'public', false)",
           "ALTER TABLE t ALTER a SET DEFAULT set_config('search_path', 'public', false)",
       }) {
    EXPECT_TRUE(classes_of(text).has(StatementClass::kSetting)) << text;
  }
  // A routine of which nothing is known does not run yet.
  const StatementFacts unknown = only("CREATE TEMP TABLE t (a uuid DEFAULT app.new_id(), b timestamptz DEFAULT now())");
  EXPECT_EQ(unknown.classes, ClassSet({StatementClass::kTemporary}));
  EXPECT_EQ(unknown.opaque, OpaqueReason::kNone);
  EXPECT_TRUE(unknown.functions.empty());
}

// Writes pass through a view of one relation; a temporary one would give catalogs a name that nobody knows.
TEST(TableFactsTest, TemporaryViewsOfCatalogsAreNoTemporaryObjects) {
  for (const std::string_view text : {
           "CREATE TEMP VIEW v AS SELECT * FROM pg_class",
           "CREATE TEMP VIEW v (a) AS SELECT relname FROM ONLY pg_catalog.pg_class AS c WHERE true ORDER BY 1",
           "CREATE VIEW pg_temp.v AS TABLE pg_settings",
           "CREATE OR REPLACE TEMP VIEW v AS SELECT name FROM pg_settings",
       }) {
    EXPECT_TRUE(classes_of(text).has(StatementClass::kSchema)) << text;
  }
  for (const std::string_view text : {
           "CREATE TEMP VIEW v AS SELECT * FROM pg_stat_activity",
           "CREATE TEMP VIEW v AS SELECT * FROM pg_locks",
           "CREATE TEMP VIEW v AS SELECT relname FROM pg_class, pg_namespace",
           "CREATE TEMP VIEW v AS SELECT relkind, count(*) FROM pg_class GROUP BY 1",
           "CREATE TEMP VIEW v AS SELECT DISTINCT relkind FROM pg_class",
           "CREATE TEMP VIEW v AS SELECT relname FROM pg_class UNION SELECT proname FROM pg_proc",
           "CREATE TEMP VIEW v AS SELECT * FROM orders",
       }) {
    EXPECT_EQ(classes_of(text), ClassSet({StatementClass::kTemporary})) << text;
  }
}

TEST(TableFactsTest, WhatElseATemporaryTableOrMaintenanceMayChange) {
  const StatementFacts child = only("CREATE TEMP TABLE c () INHERITS (a, b)");
  ASSERT_EQ(child.changes.size(), 3U);
  EXPECT_EQ(child.changes[1].kind, "add_inherit");
  EXPECT_EQ(child.changes[1].relation->name.name, "a");
  EXPECT_EQ(child.changes[2].relation->name.name, "b");
  EXPECT_EQ(only("CREATE TEMP TABLE c PARTITION OF a DEFAULT").changes.size(), 1U);
  const StatementFacts moved = only("REINDEX (TABLESPACE fast) TABLE t");
  EXPECT_EQ(moved.classes, ClassSet({StatementClass::kMaintenance, StatementClass::kSchema}));
  ASSERT_EQ(moved.changes.size(), 1U);
  EXPECT_EQ(moved.changes[0].kind, "set_tablespace");
  EXPECT_EQ(moved.changes[0].new_name, "fast");
  EXPECT_EQ(only("REINDEX (VERBOSE) TABLE t").classes, ClassSet({StatementClass::kMaintenance}));
}

}  // namespace
}  // namespace schemaguard::parser::postgres
