// Function facts: everything a query tree calls, writes or creates, wherever in the tree it stands.
//
// Functions in target lists, conditions, defaults, FROM, data-modifying WITH members, SELECT INTO at any leaf: one walk
// over the whole tree finds them (evasion 8, 17, 138). The walk keeps its own stack, because trees are as deep as their
// author likes.
#pragma once

#include <string_view>

#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// Adds what `node` and everything below it calls, writes and creates. Never adds kQuery.
void collect_functions(const TreeNode& node, StatementFacts& facts);

// The same for expressions that are stored now and run later without being named: defaults, checks, the query of a
// view. Settings changed there do not change now, but nobody will see it when they do.
void collect_stored_functions(const TreeNode& node, StatementFacts& facts);

// A relation of pg_catalog, information_schema or pg_toast: by schema, or by a name of catalog_relations.h, which the
// server looks for in pg_catalog first.
bool is_system_relation(const ObjectName& name);

// A row-changing statement's target: `written`, kCatalogWrite for system relations, kSetting for pg_settings.
void written_name_facts(const ObjectName& name, StatementFacts& facts);
void written_relation_facts(const TreeNode& range_var, StatementFacts& facts);

// A called routine by name, arguments as in a FuncCall.
void call_facts(const TreeNode& function_call, StatementFacts& facts);

}  // namespace schemaguard::parser::postgres
