// Table facts: CREATE TABLE and its kin, views, sequences, TRUNCATE, DROP of anything.
//
// Readers of single statement nodes, called by read_node(); see StatementSource for their contract.
#pragma once

#include <string_view>

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void create_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_foreign_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_table_as_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void view_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_sequence_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void alter_sequence_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void truncate_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void drop_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_schema_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void import_foreign_schema_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void index_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void create_statistics_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

// SELECT … INTO: the table that `into` (an IntoClause) creates.
void into_clause_facts(const TreeNode& into, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
