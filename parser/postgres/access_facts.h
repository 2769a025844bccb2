// Access facts: privileges, roles, default privileges, ownership of everything, row policies, security labels.
//
// Readers of single statement nodes, called by read_node(); see StatementSource for their contract. The text of these
// statements is never kept in a change: it may hold a password.
#pragma once

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void grant_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void grant_role_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void default_privileges_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_role_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_role_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void drop_role_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void drop_owned_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void reassign_owned_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_policy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_policy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void security_label_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
