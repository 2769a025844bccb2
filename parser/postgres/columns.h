// Columns: column and constraint definitions out of CREATE TABLE and ALTER TABLE, in full.
//
// Types are printed from the tree as the server prints them; expressions and constraints are cut from the statement's
// own text. Where the text cannot be matched to the tree with certainty the text fields stay empty.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/postgres/clauses.h"
#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// `definition` is a ColumnDef; `range` its tokens, from the column's name to its end.
ColumnDefinition read_column(const TreeNode& definition, TokenRange range, const ClauseCutter& clauses);

// Fills `columns` and `definition` (the table constraints, one a line) of a create_table change from the element list
// of CREATE TABLE, and sets shape_unknown for LIKE. `first` is the first token after the table's name.
void read_table_elements(const TreeList& elements, TokenRange after_name, const ClauseCutter& clauses, Change& change);

}  // namespace schemaguard::parser::postgres
