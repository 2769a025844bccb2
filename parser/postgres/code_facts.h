// Code facts: functions, procedures, triggers, rules, types, operators, extensions, databases and everything else that
// is created or altered by one node of its own, and comments.
//
// Most of these differ in nothing but their names: simple_object_facts() reads them from a table. Readers of single
// statement nodes, called by read_node(); see StatementSource for their contract.
#pragma once

#include <string_view>

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// False when the table does not hold this node type.
bool simple_object_facts(const TypedNode& node, const StatementSource& source, StatementFacts& facts);

void create_function_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_function_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_trigger_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void rule_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void define_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_domain_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_enum_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_cast_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_transform_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_extension_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_extension_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_extension_contents_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_system_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_database_set_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_role_set_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void comment_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
