// Alter facts: ALTER TABLE and its sibling nodes (rename, move to a schema, change of owner, dependence on an
// extension, moves between tablespaces, operators, types, enums, domains, …), one change per subcommand.
//
// Readers of single statement nodes, called by read_node(); see StatementSource for their contract.
#pragma once

#include <string_view>

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void alter_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void rename_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_object_schema_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_owner_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_object_depends_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_table_move_all_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

// The change kind of an ALTER TABLE subcommand ("AT_AddColumn" -> "add_column"); "alter_table" for an unknown one.
std::string_view alter_command_kind(std::string_view subtype);

}  // namespace schemaguard::parser::postgres
