// Query facts: SELECT, the row-changing statements, COPY, EXPLAIN, cursors, prepared statements, locks, messages.
//
// Readers of single statement nodes, called by read_node(); see StatementSource for their contract.
#pragma once

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void select_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void insert_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void update_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void delete_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void merge_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void copy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void explain_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void declare_cursor_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void fetch_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void close_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void prepare_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void execute_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void deallocate_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void call_statement_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
