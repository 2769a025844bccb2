#include "parser/postgres/function_catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "parser/postgres/plain_functions.h"

namespace schemaguard::parser::postgres {
namespace {

TEST(FunctionCatalog, EverydayFunctionsArePlain) {
  for (const char* name : {"count",
                           "now",
                           "lower",
                           "sum",
                           "max",
                           "nextval",
                           "currval",
                           "lastval",
                           "to_tsvector",
                           "left",
                           "right",
                           "gen_random_uuid",
                           "pg_notify",
                           "pg_advisory_xact_lock",
                           "pg_try_advisory_lock",
                           "row_number",
                           "json_build_object",
                           "jsonb_agg",
                           "generate_series",
                           "array_agg",
                           "pg_sleep",
                           "current_setting",
                           "version",
                           "format_type",
                           "pg_get_expr",
                           "has_table_privilege",
                           "json_agg_strict",
                           "to_regtypemod",
                           "uuidv7"}) {
    EXPECT_EQ(function_kind("", name), FunctionKind::kPlain) << name;
    EXPECT_EQ(function_kind("pg_catalog", name), FunctionKind::kPlain) << name;
    EXPECT_EQ(function_kind("public", name), FunctionKind::kUnknown) << name;
  }
}

TEST(FunctionCatalog, EveryPlainNameIsFoundAndNoneIsRisky) {
  ASSERT_GT(plain_function_names().size(), 2000U);
  EXPECT_TRUE(std::ranges::is_sorted(plain_function_names()));
  for (const std::string_view name : plain_function_names()) {
    EXPECT_TRUE(is_plain_function_name(name)) << name;
    // In a foreign schema only the risky table answers, so this shows that the two tables share no name.
    EXPECT_EQ(function_kind("elsewhere", name), FunctionKind::kUnknown) << name;
    EXPECT_EQ(column_notation_kind(name), FunctionKind::kPlain) << name;
    EXPECT_FALSE(is_plain_function_name(std::string(name) + "_"));
  }
  EXPECT_FALSE(is_plain_function_name(""));
}

struct RiskyCase {
  const char* schema;
  const char* name;
  FunctionKind kind;
};

TEST(FunctionCatalog, RiskyNamesHaveTheirKindInEverySchema) {
  const RiskyCase cases[] = {
      {"", "query_to_xml", FunctionKind::kRunsSqlText},
      {"", "query_to_xml_and_xmlschema", FunctionKind::kRunsSqlText},
      {"", "cursor_to_xmlschema", FunctionKind::kRunsSqlText},
      {"pg_catalog", "database_to_xml", FunctionKind::kRunsSqlText},
      {"", "ts_stat", FunctionKind::kRunsSqlText},
      {"public", "dblink", FunctionKind::kRunsSqlText},
      {"x", "dblink_connect_u", FunctionKind::kRunsSqlText},
      {"public", "xpath_table", FunctionKind::kRunsSqlText},
      {"", "pg_read_file", FunctionKind::kServerFile},
      {"pg_catalog", "lo_export", FunctionKind::kServerFile},
      {"", "pg_ls_dir", FunctionKind::kServerFile},
      {"", "binary_upgrade_set_next_pg_enum_oid", FunctionKind::kCatalogWrite},
      {"", "pg_terminate_backend", FunctionKind::kAdmin},
      {"", "pg_stat_reset_slru", FunctionKind::kAdmin},
      {"", "pg_restore_relation_stats", FunctionKind::kMaintenance},
      {"", "gin_clean_pending_list", FunctionKind::kMaintenance},
      {"", "setval", FunctionKind::kDestructive},
      {"", "pg_reload_conf", FunctionKind::kCluster},
      {"", "pg_logical_slot_get_changes", FunctionKind::kCluster},
      {"", "pg_import_system_collations", FunctionKind::kSchema},
      {"topology", "createtopology", FunctionKind::kSchema},
      {"pg_catalog", "set_config", FunctionKind::kSetting},
      {"cron", "schedule", FunctionKind::kRunsSqlText},
      {"", "schedule", FunctionKind::kUnknown},
      {"partman", "create_parent", FunctionKind::kSchema},
      {"app", "create_parent", FunctionKind::kUnknown},
      {"", "lo_create", FunctionKind::kUnknown},
      {"", "Count", FunctionKind::kUnknown},
  };
  for (const RiskyCase& one : cases) EXPECT_EQ(function_kind(one.schema, one.name), one.kind) << one.name;
}

TEST(FunctionCatalog, OnlyTheTwoArgumentFormOfTsRewriteRunsText) {
  EXPECT_EQ(function_kind("", "ts_rewrite"), FunctionKind::kRunsSqlText);
  EXPECT_EQ(function_kind("", "ts_rewrite", 2), FunctionKind::kRunsSqlText);
  EXPECT_EQ(function_kind("", "ts_rewrite", 3), FunctionKind::kPlain);
  EXPECT_EQ(function_kind("mine", "ts_rewrite", 3), FunctionKind::kUnknown);
}

TEST(FunctionCatalog, ColumnNotationFindsFunctionsOfOneArgument) {
  EXPECT_EQ(column_notation_kind("pg_read_file"), FunctionKind::kServerFile);
  EXPECT_EQ(column_notation_kind("ts_stat"), FunctionKind::kRunsSqlText);
  EXPECT_EQ(column_notation_kind("dblink_exec"), FunctionKind::kRunsSqlText);
  EXPECT_EQ(column_notation_kind("setval"), FunctionKind::kPlain);
  EXPECT_EQ(column_notation_kind("id"), FunctionKind::kPlain);
}

TEST(FunctionCatalog, EffectsNameTheClassThatPolicyJudges) {
  EXPECT_EQ(function_effect(FunctionKind::kPlain), (FunctionEffect{StatementClass::kQuery, OpaqueReason::kNone}));
  EXPECT_EQ(function_effect(FunctionKind::kUnknown),
            (FunctionEffect{StatementClass::kOpaque, OpaqueReason::kUnprovedRoutine}));
  EXPECT_EQ(function_effect(FunctionKind::kRunsSqlText),
            (FunctionEffect{StatementClass::kOpaque, OpaqueReason::kRunsSqlText}));
  EXPECT_EQ(function_effect(FunctionKind::kServerFile).statement_class, StatementClass::kServerFile);
  EXPECT_EQ(function_effect(FunctionKind::kSetting).statement_class, StatementClass::kSetting);
}

}  // namespace
}  // namespace schemaguard::parser::postgres
