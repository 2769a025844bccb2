// Session facts: settings, transaction control, messages between sessions, maintenance and the like: the statements
// that change no schema but that a session or a policy has to know of.
//
// Readers of single statement nodes, called by read_node(); see StatementSource for their contract.
#pragma once

#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

void variable_set_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void variable_show_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void discard_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void load_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void constraints_set_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void transaction_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void listen_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void unlisten_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void notify_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void lock_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void checkpoint_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void vacuum_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void cluster_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void reindex_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);
void refresh_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
