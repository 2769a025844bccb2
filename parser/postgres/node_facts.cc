// The table of every statement node, and what reads it. A node that is in no table is unread: default deny by kind.
#include <array>

#include "parser/postgres/access_facts.h"
#include "parser/postgres/alter_facts.h"
#include "parser/postgres/code_facts.h"
#include "parser/postgres/procedural_facts.h"
#include "parser/postgres/query_facts.h"
#include "parser/postgres/session_facts.h"
#include "parser/postgres/statement_source.h"
#include "parser/postgres/table_facts.h"

namespace schemaguard::parser::postgres {
namespace {

struct NodeReader {
  std::string_view node;
  void (*read)(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
};

constexpr std::array kNodeReaders = {
    NodeReader{"SelectStmt", select_facts},
    NodeReader{"InsertStmt", insert_facts},
    NodeReader{"UpdateStmt", update_facts},
    NodeReader{"DeleteStmt", delete_facts},
    NodeReader{"MergeStmt", merge_facts},
    NodeReader{"CopyStmt", copy_facts},
    NodeReader{"ExplainStmt", explain_facts},
    NodeReader{"DeclareCursorStmt", declare_cursor_facts},
    NodeReader{"FetchStmt", fetch_facts},
    NodeReader{"ClosePortalStmt", close_facts},
    NodeReader{"PrepareStmt", prepare_facts},
    NodeReader{"ExecuteStmt", execute_facts},
    NodeReader{"DeallocateStmt", deallocate_facts},
    NodeReader{"CallStmt", call_statement_facts},
    NodeReader{"DoStmt", do_facts},
    NodeReader{"VariableSetStmt", variable_set_facts},
    NodeReader{"VariableShowStmt", variable_show_facts},
    NodeReader{"DiscardStmt", discard_facts},
    NodeReader{"LoadStmt", load_facts},
    NodeReader{"ConstraintsSetStmt", constraints_set_facts},
    NodeReader{"TransactionStmt", transaction_facts},
    NodeReader{"ListenStmt", listen_facts},
    NodeReader{"UnlistenStmt", unlisten_facts},
    NodeReader{"NotifyStmt", notify_facts},
    NodeReader{"LockStmt", lock_facts},
    NodeReader{"CheckPointStmt", checkpoint_facts},
    NodeReader{"VacuumStmt", vacuum_facts},
    NodeReader{"ClusterStmt", cluster_table_facts},
    NodeReader{"ReindexStmt", reindex_facts},
    NodeReader{"RefreshMatViewStmt", refresh_facts},
    NodeReader{"CreateStmt", create_table_facts},
    NodeReader{"CreateForeignTableStmt", create_foreign_table_facts},
    NodeReader{"CreateTableAsStmt", create_table_as_facts},
    NodeReader{"ViewStmt", view_facts},
    NodeReader{"CreateSeqStmt", create_sequence_facts},
    NodeReader{"AlterSeqStmt", alter_sequence_facts},
    NodeReader{"TruncateStmt", truncate_facts},
    NodeReader{"DropStmt", drop_facts},
    NodeReader{"CreateSchemaStmt", create_schema_facts},
    NodeReader{"ImportForeignSchemaStmt", import_foreign_schema_facts},
    NodeReader{"IndexStmt", index_facts},
    NodeReader{"CreateStatsStmt", create_statistics_facts},
    NodeReader{"AlterTableStmt", alter_table_facts},
    NodeReader{"RenameStmt", rename_facts},
    NodeReader{"AlterObjectSchemaStmt", alter_object_schema_facts},
    NodeReader{"AlterOwnerStmt", alter_owner_facts},
    NodeReader{"AlterObjectDependsStmt", alter_object_depends_facts},
    NodeReader{"AlterTableMoveAllStmt", alter_table_move_all_facts},
    NodeReader{"CreateFunctionStmt", create_function_facts},
    NodeReader{"AlterFunctionStmt", alter_function_facts},
    NodeReader{"CreateTrigStmt", create_trigger_facts},
    NodeReader{"RuleStmt", rule_facts},
    NodeReader{"DefineStmt", define_facts},
    NodeReader{"AlterDomainStmt", alter_domain_facts},
    NodeReader{"AlterEnumStmt", alter_enum_facts},
    NodeReader{"CreateCastStmt", create_cast_facts},
    NodeReader{"CreateTransformStmt", create_transform_facts},
    NodeReader{"CreateExtensionStmt", create_extension_facts},
    NodeReader{"AlterExtensionStmt", alter_extension_facts},
    NodeReader{"AlterExtensionContentsStmt", alter_extension_contents_facts},
    NodeReader{"AlterSystemStmt", alter_system_facts},
    NodeReader{"AlterDatabaseSetStmt", alter_database_set_facts},
    NodeReader{"AlterRoleSetStmt", alter_role_set_facts},
    NodeReader{"CommentStmt", comment_facts},
    NodeReader{"GrantStmt", grant_facts},
    NodeReader{"GrantRoleStmt", grant_role_facts},
    NodeReader{"AlterDefaultPrivilegesStmt", default_privileges_facts},
    NodeReader{"CreateRoleStmt", create_role_facts},
    NodeReader{"AlterRoleStmt", alter_role_facts},
    NodeReader{"DropRoleStmt", drop_role_facts},
    NodeReader{"DropOwnedStmt", drop_owned_facts},
    NodeReader{"ReassignOwnedStmt", reassign_owned_facts},
    NodeReader{"CreatePolicyStmt", create_policy_facts},
    NodeReader{"AlterPolicyStmt", alter_policy_facts},
    NodeReader{"SecLabelStmt", security_label_facts},
};

}  // namespace

void read_node(const TypedNode& node, const StatementSource& source, StatementFacts& facts) {
  if (node) {
    for (const NodeReader& reader : kNodeReaders) {
      if (reader.node != node.type) continue;
      reader.read(*node.fields, source, facts);
      return;
    }
    if (simple_object_facts(node, source, facts)) return;
  }
  facts.classes.add(StatementClass::kUnread);
  facts.unread_reason = "unknown_node";
}

}  // namespace schemaguard::parser::postgres
