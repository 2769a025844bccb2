#include "parser/postgres/function_catalog.h"

#include <algorithm>
#include <iterator>

#include "parser/postgres/plain_functions.h"

namespace schemaguard::parser::postgres {
namespace {

constexpr std::string_view kSystemSchema = "pg_catalog";

struct RiskyFunction {
  std::string_view name;
  FunctionKind kind;
  // Callable with one argument of a scalar type, so `value.name` may call it.
  bool column_notation = false;
};

// Sorted by name. Built in, or of contrib and well-known extensions with telling names.
constexpr RiskyFunction kRiskyFunctions[] = {
    {"add_compression_policy", FunctionKind::kSchema},
    {"add_continuous_aggregate_policy", FunctionKind::kSchema},
    {"add_reorder_policy", FunctionKind::kSchema},
    {"add_retention_policy", FunctionKind::kSchema},
    {"addgeometrycolumn", FunctionKind::kSchema},
    {"addoverviewconstraints", FunctionKind::kSchema},
    {"addrasterconstraints", FunctionKind::kSchema},
    {"addtopogeometrycolumn", FunctionKind::kSchema},
    {"alter_distributed_table", FunctionKind::kSchema},
    {"alter_table_set_access_method", FunctionKind::kSchema},
    {"brin_desummarize_range", FunctionKind::kMaintenance},
    {"brin_summarize_new_values", FunctionKind::kMaintenance, true},
    {"brin_summarize_range", FunctionKind::kMaintenance},
    {"citus_add_node", FunctionKind::kCluster},
    {"citus_remove_node", FunctionKind::kCluster},
    {"connectby", FunctionKind::kRunsSqlText},
    {"copytopology", FunctionKind::kSchema},
    {"create_distributed_function", FunctionKind::kSchema},
    {"create_distributed_table", FunctionKind::kSchema},
    {"create_distributed_table_concurrently", FunctionKind::kSchema},
    {"create_hypertable", FunctionKind::kSchema},
    {"create_reference_table", FunctionKind::kSchema},
    {"create_time_partitions", FunctionKind::kSchema},
    {"createtopology", FunctionKind::kSchema},
    {"crosstab", FunctionKind::kRunsSqlText, true},
    {"crosstab2", FunctionKind::kRunsSqlText, true},
    {"crosstab3", FunctionKind::kRunsSqlText, true},
    {"crosstab4", FunctionKind::kRunsSqlText, true},
    {"crosstabn", FunctionKind::kRunsSqlText, true},
    {"dblink", FunctionKind::kRunsSqlText, true},
    {"disablelongtransactions", FunctionKind::kSchema},
    {"drop_chunks", FunctionKind::kSchema},
    {"drop_old_time_partitions", FunctionKind::kSchema},
    {"dropgeometrycolumn", FunctionKind::kSchema},
    {"dropgeometrytable", FunctionKind::kSchema},
    {"dropoverviewconstraints", FunctionKind::kSchema},
    {"droprasterconstraints", FunctionKind::kSchema},
    {"droptopogeometrycolumn", FunctionKind::kSchema},
    {"droptopology", FunctionKind::kSchema},
    {"enablelongtransactions", FunctionKind::kSchema},
    {"gin_clean_pending_list", FunctionKind::kMaintenance, true},
    {"heap_force_freeze", FunctionKind::kDestructive},
    {"heap_force_kill", FunctionKind::kDestructive},
    {"lo_export", FunctionKind::kServerFile},
    {"lo_import", FunctionKind::kServerFile, true},
    {"lo_unlink", FunctionKind::kDestructive, true},
    {"master_add_node", FunctionKind::kCluster},
    {"pg_background_launch", FunctionKind::kRunsSqlText, true},
    {"pg_backup_start", FunctionKind::kAdmin, true},
    {"pg_backup_stop", FunctionKind::kAdmin, true},
    {"pg_cancel_backend", FunctionKind::kAdmin, true},
    {"pg_copy_logical_replication_slot", FunctionKind::kCluster},
    {"pg_copy_physical_replication_slot", FunctionKind::kCluster},
    {"pg_create_logical_replication_slot", FunctionKind::kCluster},
    {"pg_create_physical_replication_slot", FunctionKind::kCluster, true},
    {"pg_create_restore_point", FunctionKind::kAdmin, true},
    {"pg_drop_replication_slot", FunctionKind::kCluster, true},
    {"pg_extension_config_dump", FunctionKind::kCatalogWrite},
    {"pg_file_read", FunctionKind::kServerFile},
    {"pg_file_rename", FunctionKind::kServerFile},
    {"pg_file_sync", FunctionKind::kServerFile, true},
    {"pg_file_unlink", FunctionKind::kServerFile, true},
    {"pg_file_write", FunctionKind::kServerFile},
    {"pg_import_system_collations", FunctionKind::kSchema, true},
    {"pg_log_backend_memory_contexts", FunctionKind::kAdmin, true},
    {"pg_log_standby_snapshot", FunctionKind::kAdmin},
    {"pg_logdir_ls", FunctionKind::kServerFile},
    {"pg_ls_dir", FunctionKind::kServerFile, true},
    {"pg_nextoid", FunctionKind::kAdmin},
    {"pg_promote", FunctionKind::kCluster, true},
    {"pg_read_binary_file", FunctionKind::kServerFile, true},
    {"pg_read_file", FunctionKind::kServerFile, true},
    {"pg_read_file_old", FunctionKind::kServerFile},
    {"pg_reload_conf", FunctionKind::kCluster},
    {"pg_replication_slot_advance", FunctionKind::kCluster},
    {"pg_rotate_logfile", FunctionKind::kAdmin},
    {"pg_rotate_logfile_old", FunctionKind::kAdmin},
    {"pg_start_backup", FunctionKind::kAdmin, true},
    {"pg_stat_file", FunctionKind::kServerFile, true},
    {"pg_stat_statements_reset", FunctionKind::kAdmin, true},
    {"pg_stop_backup", FunctionKind::kAdmin, true},
    {"pg_stop_making_pinned_objects", FunctionKind::kCatalogWrite},
    {"pg_switch_wal", FunctionKind::kAdmin},
    {"pg_sync_replication_slots", FunctionKind::kCluster},
    {"pg_terminate_backend", FunctionKind::kAdmin, true},
    {"pg_truncate_visibility_map", FunctionKind::kMaintenance, true},
    {"pg_wal_replay_pause", FunctionKind::kCluster},
    {"pg_wal_replay_resume", FunctionKind::kCluster},
    {"populate_geometry_columns", FunctionKind::kSchema, true},
    {"postgis_extensions_upgrade", FunctionKind::kSchema, true},
    {"rebalance_table_shards", FunctionKind::kCluster},
    {"remove_compression_policy", FunctionKind::kSchema},
    {"remove_continuous_aggregate_policy", FunctionKind::kSchema},
    {"remove_reorder_policy", FunctionKind::kSchema},
    {"remove_retention_policy", FunctionKind::kSchema},
    {"set_config", FunctionKind::kSetting},
    {"setval", FunctionKind::kDestructive},
    {"truncate_local_data_after_distributing_table", FunctionKind::kDestructive, true},
    {"ts_rewrite", FunctionKind::kRunsSqlText},
    {"ts_stat", FunctionKind::kRunsSqlText, true},
    {"undistribute_table", FunctionKind::kSchema},
    {"updategeometrysrid", FunctionKind::kSchema},
    {"xpath_table", FunctionKind::kRunsSqlText},
};

// Whole families, matched by their first letters after the exact names.
constexpr RiskyFunction kRiskyPrefixes[] = {
    {"binary_upgrade_", FunctionKind::kCatalogWrite, true},
    {"cursor_to_xml", FunctionKind::kRunsSqlText},
    {"database_to_xml", FunctionKind::kRunsSqlText},
    {"dblink_", FunctionKind::kRunsSqlText, true},
    {"pg_clear_attribute_stats", FunctionKind::kMaintenance},
    {"pg_clear_extended_stats", FunctionKind::kMaintenance},
    {"pg_clear_relation_stats", FunctionKind::kMaintenance},
    {"pg_logical_slot_", FunctionKind::kCluster},
    {"pg_replication_origin_", FunctionKind::kCluster, true},
    {"pg_restore_attribute_stats", FunctionKind::kMaintenance},
    {"pg_restore_extended_stats", FunctionKind::kMaintenance},
    {"pg_restore_relation_stats", FunctionKind::kMaintenance},
    {"pg_stat_reset", FunctionKind::kAdmin, true},
    {"postgres_fdw_", FunctionKind::kRunsSqlText},
    {"query_to_xml", FunctionKind::kRunsSqlText},
    {"run_command_on_", FunctionKind::kRunsSqlText, true},
    {"schema_to_xml", FunctionKind::kRunsSqlText},
    {"table_to_xml", FunctionKind::kRunsSqlText},
};

// Extensions that live in a schema of their own and give their helpers everyday names. An empty name: all of them.
struct ExtensionFunction {
  std::string_view schema;
  std::string_view name;
  FunctionKind kind;
};
constexpr ExtensionFunction kExtensionFunctions[] = {
    {"cron", "schedule", FunctionKind::kRunsSqlText},
    {"cron", "schedule_in_database", FunctionKind::kRunsSqlText},
    {"cron", "alter_job", FunctionKind::kRunsSqlText},
    {"cron", "unschedule", FunctionKind::kAdmin},
    {"partman", "", FunctionKind::kSchema},
    {"pgagent", "", FunctionKind::kRunsSqlText},
    {"pglogical", "replicate_ddl_command", FunctionKind::kRunsSqlText},
    {"pglogical", "", FunctionKind::kCluster},
    {"pgtle", "", FunctionKind::kSchema},
    {"repack", "", FunctionKind::kSchema},
};

static_assert(std::ranges::is_sorted(kRiskyFunctions, {}, &RiskyFunction::name));

constexpr bool begins_like_column_notation(std::string_view name) {
  return std::ranges::any_of(kColumnNotationStarts, [name](std::string_view start) { return name.starts_with(start); });
}
constexpr bool starts_are_complete(const RiskyFunction& risky) {
  return !risky.column_notation || (risky.name.size() >= 6 && begins_like_column_notation(risky.name));
}
static_assert(std::ranges::all_of(kRiskyFunctions, starts_are_complete));
static_assert(std::ranges::all_of(kRiskyPrefixes, starts_are_complete));

const RiskyFunction* find_risky(std::string_view name) {
  const RiskyFunction* const found = std::ranges::lower_bound(kRiskyFunctions, name, {}, &RiskyFunction::name);
  if (found != std::end(kRiskyFunctions) && found->name == name) return found;
  for (const RiskyFunction& family : kRiskyPrefixes) {
    if (name.starts_with(family.name)) return &family;
  }
  return nullptr;
}

}  // namespace

FunctionKind function_kind(std::string_view schema, std::string_view name, int argument_count) {
  if ((schema.empty() || schema == kSystemSchema) && is_plain_function_name(name)) return FunctionKind::kPlain;
  if (const RiskyFunction* const risky = find_risky(name); risky != nullptr) {
    // Only the two-argument form of ts_rewrite takes a query as text (evasion Appendix B).
    if (name == "ts_rewrite" && argument_count == 3) {
      return schema.empty() || schema == kSystemSchema ? FunctionKind::kPlain : FunctionKind::kUnknown;
    }
    return risky->kind;
  }
  for (const ExtensionFunction& helper : kExtensionFunctions) {
    if (schema == helper.schema && (helper.name.empty() || name == helper.name)) return helper.kind;
  }
  return FunctionKind::kUnknown;
}

FunctionKind column_notation_kind(std::string_view name) {
  if (!begins_like_column_notation(name)) return FunctionKind::kPlain;
  const RiskyFunction* const risky = find_risky(name);
  return risky != nullptr && risky->column_notation ? risky->kind : FunctionKind::kPlain;
}

FunctionEffect function_effect(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::kPlain:
      return {StatementClass::kQuery, OpaqueReason::kNone};
    case FunctionKind::kRunsSqlText:
      return {StatementClass::kOpaque, OpaqueReason::kRunsSqlText};
    case FunctionKind::kServerFile:
      return {StatementClass::kServerFile, OpaqueReason::kNone};
    case FunctionKind::kCatalogWrite:
      return {StatementClass::kCatalogWrite, OpaqueReason::kRunsSqlText};
    case FunctionKind::kAdmin:
      return {StatementClass::kAdmin, OpaqueReason::kNone};
    case FunctionKind::kMaintenance:
      return {StatementClass::kMaintenance, OpaqueReason::kNone};
    case FunctionKind::kDestructive:
      return {StatementClass::kDestructive, OpaqueReason::kNone};
    case FunctionKind::kCluster:
      return {StatementClass::kCluster, OpaqueReason::kNone};
    case FunctionKind::kSchema:
      return {StatementClass::kSchema, OpaqueReason::kNone};
    case FunctionKind::kSetting:
      return {StatementClass::kSetting, OpaqueReason::kNone};
    case FunctionKind::kUnknown:
      return {StatementClass::kOpaque, OpaqueReason::kUnprovedRoutine};
  }
  return {StatementClass::kOpaque, OpaqueReason::kUnprovedRoutine};
}

std::string_view large_object_function(uint32_t oid) {
  struct Entry {
    uint32_t oid;
    std::string_view name;
  };
  static constexpr Entry kEntries[] = {
      {715, "lo_create"},   {952, "lo_open"},    {953, "lo_close"},       {954, "loread"},    {955, "lowrite"},
      {956, "lo_lseek"},    {957, "lo_creat"},   {958, "lo_tell"},        {964, "lo_unlink"}, {1004, "lo_truncate"},
      {3170, "lo_lseek64"}, {3171, "lo_tell64"}, {3172, "lo_truncate64"},
  };
  const auto* const entry = std::find_if(std::begin(kEntries), std::end(kEntries),
                                         [oid](const Entry& candidate) { return candidate.oid == oid; });
  return entry == std::end(kEntries) ? std::string_view() : entry->name;
}

}  // namespace schemaguard::parser::postgres
