#include "policies/rules/known_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "policies/rules/builtin_policy.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"

namespace schemaguard::policies {
namespace {

using Names = std::set<std::string, std::less<>>;

// What CREATE, ALTER, DROP and RENAME can stand before, as it is spelt in changes.
constexpr auto kObjects = std::to_array<std::string_view>({
    "access_method",
    "aggregate",
    "attribute",
    "cast",
    "collation",
    "column",
    "constraint",
    "conversion",
    "database",
    "default_privileges",
    "domain",
    "event_trigger",
    "extension",
    "foreign_data_wrapper",
    "foreign_table",
    "function",
    "index",
    "language",
    "large_object",
    "materialized_view",
    "operator",
    "operator_class",
    "operator_family",
    "policy",
    "procedure",
    "publication",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "system",
    "table",
    "tablespace",
    "text_search_configuration",
    "text_search_dictionary",
    "text_search_parser",
    "text_search_template",
    "transform",
    "trigger",
    "type",
    "user_mapping",
    "view",
});

constexpr auto kOtherChanges = std::to_array<std::string_view>({
    "add_attribute",
    "add_column",
    "add_constraint",
    "add_enum_value",
    "add_identity",
    "add_index",
    "add_inherit",
    "add_of_type",
    "add_statistics",
    "alter_attribute_type",
    "alter_column_type",
    "alter_database_set",
    "alter_dependence",
    "alter_extension_contents",
    "alter_role_set",
    "attach_partition",
    "change_owner",
    "check_not_null",
    "cluster_on",
    "comment",
    "detach_partition",
    "detach_partition_finalize",
    "disable_row_security",
    "disable_rule",
    "disable_trigger",
    "drop_cluster",
    "drop_default",
    "drop_expression",
    "drop_identity",
    "drop_inherit",
    "drop_not_null",
    "drop_of_type",
    "drop_oids",
    "drop_owned",
    "enable_row_security",
    "enable_rule",
    "enable_trigger",
    "force_row_security",
    "grant",
    "grant_role",
    "import_foreign_schema",
    "no_force_row_security",
    "reassign_owned",
    "rename_enum_value",
    "replace_options",
    "reset_column_options",
    "reset_options",
    "revoke",
    "revoke_role",
    "security_label",
    "set_access_method",
    "set_column_options",
    "set_compression",
    "set_default",
    "set_expression",
    "set_identity",
    "set_logged",
    "set_not_null",
    "set_options",
    "set_replica_identity",
    "set_schema",
    "set_statistics",
    "set_storage",
    "set_tablespace",
    "set_unlogged",
    "validate_constraint",
});

constexpr auto kOtherCommands = std::to_array<std::string_view>({
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE CURSOR",
    "CLOSE CURSOR ALL",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COMMIT PREPARED",
    "COPY",
    "CREATE TABLE AS",
    "DEALLOCATE",
    "DEALLOCATE ALL",
    "DECLARE CURSOR",
    "DELETE",
    "DISCARD ALL",
    "DISCARD PLANS",
    "DISCARD SEQUENCES",
    "DISCARD TEMP",
    "DO",
    "DROP OWNED",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "GRANT",
    "GRANT ROLE",
    "IMPORT FOREIGN SCHEMA",
    "INSERT",
    "LISTEN",
    "LOAD",
    "LOCK TABLE",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "PREPARE",
    "PREPARE TRANSACTION",
    "REASSIGN OWNED",
    "REFRESH MATERIALIZED VIEW",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "REVOKE ROLE",
    "ROLLBACK",
    "ROLLBACK PREPARED",
    "SAVEPOINT",
    "SECURITY LABEL",
    "SELECT",
    "SELECT INTO",
    "SET",
    "SET CONSTRAINTS",
    "SHOW",
    "START TRANSACTION",
    "TRUNCATE TABLE",
    "UNLISTEN",
    "UPDATE",
    "VACUUM",
});

// The same three lists for MySQL and MariaDB.
constexpr auto kMysqlObjects = std::to_array<std::string_view>({
    "database",
    "event",
    "function",
    "index",
    "instance",
    "library",
    "logfile_group",
    "masking_policy",
    "other",
    "package",
    "package_body",
    "procedure",
    "resource_group",
    "role",
    "sequence",
    "server",
    "spatial_reference_system",
    "table",
    "tablespace",
    "trigger",
    "user",
    "view",
});

constexpr auto kMysqlOtherChanges = std::to_array<std::string_view>({
    "add_column",
    "add_constraint",
    "add_partition",
    "add_period",
    "add_system_versioning",
    "alter_column",
    "alter_constraint",
    "alter_keys",
    "alter_options",
    "analyze_partition",
    "change_other",
    "check_partition",
    "coalesce_partition",
    "convert_character_set",
    "convert_partition",
    "discard_partition",
    "discard_tablespace",
    "drop_column",
    "drop_constraint",
    "drop_default",
    "drop_partition",
    "drop_period",
    "drop_system_versioning",
    "exchange_partition",
    "grant",
    "import_partition",
    "import_tablespace",
    "modify_column",
    "optimize_partition",
    "order_rows",
    "partition_table",
    "rebuild_partition",
    "rebuild_table",
    "remove_partitioning",
    "rename_column",
    "reorganize_partition",
    "repair_partition",
    "revoke",
    "set_default",
    "truncate_partition",
    "truncate_table",
    "upgrade_partition",
});

constexpr auto kMysqlOtherCommands = std::to_array<std::string_view>({
    "ANALYZE",
    "ANALYZE TABLE",
    "BACKUP",
    "BEGIN NOT ATOMIC",
    "BINLOG",
    "CACHE",
    "CALL",
    "CHANGE",
    "CHECK TABLE",
    "CHECKSUM TABLE",
    "CLONE",
    "COMMIT",
    "COMPOUND STATEMENT",
    "DEALLOCATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DO",
    "EXECUTE",
    "EXECUTE IMMEDIATE",
    "EXPLAIN",
    "FLUSH",
    "GET",
    "GRANT",
    "HANDLER",
    "HELP",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LOAD",
    "LOAD DATA",
    "LOAD XML",
    "LOCK INSTANCE",
    "LOCK TABLES",
    "OPTIMIZE TABLE",
    "PREPARE",
    "PURGE",
    "RELEASE",
    "RENAME TABLE",
    "RENAME USER",
    "REPAIR TABLE",
    "REPLACE",
    "RESET",
    "RESIGNAL",
    "RESTART",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "SET DEFAULT ROLE",
    "SET PASSWORD",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "START TRANSACTION",
    "STOP",
    "TABLE",
    "TRUNCATE TABLE",
    "UNINSTALL",
    "UNLOCK INSTANCE",
    "UNLOCK TABLES",
    "UPDATE",
    "USE",
    "VALUES",
    "WITH",
    "XA",
});

std::string as_command(std::string_view words) {
  std::string command(words);
  for (char& byte : command) byte = byte == '_' ? ' ' : static_cast<char>(byte >= 'a' ? byte - 'a' + 'A' : byte);
  return command;
}

template <typename Objects, typename Others>
Names all_changes(const Objects& objects, const Others& others) {
  Names names(others.begin(), others.end());
  for (const std::string_view object : objects) {
    for (const std::string_view verb : {"create_", "alter_", "drop_", "rename_"}) {
      names.insert(concatenate({verb, object}));
    }
  }
  using parser::OpaqueReason;
  for (const OpaqueReason reason :
       {OpaqueReason::kUnprovedRoutine, OpaqueReason::kProcedureCall, OpaqueReason::kRunsSqlText,
        OpaqueReason::kDynamicCode, OpaqueReason::kUnreadableCode, OpaqueReason::kFunctionCall,
        OpaqueReason::kUnknownPrepared}) {
    names.emplace(opaque_reason_name(reason));
  }
  return names;
}

template <typename Objects, typename Others>
Names all_commands(const Objects& objects, const Others& others) {
  Names names(others.begin(), others.end());
  for (const std::string_view object : objects) {
    if (object == "attribute" || object == "column" || object == "constraint") continue;  // parts of ALTER
    for (const std::string_view verb : {"create_", "alter_", "drop_"}) {
      names.insert(as_command(concatenate({verb, object})));
    }
  }
  return names;
}

const Names& changes(bool of_mysql) {
  static const Names kPostgres = [] {
    Names names = all_changes(kObjects, kOtherChanges);
    names.emplace(kCopyProgramChange);
    return names;
  }();
  static const Names kMysql = [] {
    Names names = all_changes(kMysqlObjects, kMysqlOtherChanges);
    names.emplace(kLocalInfileChange);
    return names;
  }();
  return of_mysql ? kMysql : kPostgres;
}

const Names& commands(bool of_mysql) {
  static const Names kPostgres = all_commands(kObjects, kOtherCommands);
  static const Names kMysql = all_commands(kMysqlObjects, kMysqlOtherCommands);
  return of_mysql ? kMysql : kPostgres;
}

bool any_matches(const Names& names, std::string_view pattern) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return glob_matches(pattern, name); });
}

}  // namespace

bool is_known_command(std::string_view command, bool of_mysql) { return commands(of_mysql).contains(command); }
bool is_known_change(std::string_view change, bool of_mysql) { return changes(of_mysql).contains(change); }
bool matches_known_command(std::string_view pattern, bool of_mysql) { return any_matches(commands(of_mysql), pattern); }
bool matches_known_change(std::string_view pattern, bool of_mysql) { return any_matches(changes(of_mysql), pattern); }

}  // namespace schemaguard::policies
