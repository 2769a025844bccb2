// Table facts: CREATE, ALTER, DROP, RENAME and TRUNCATE TABLE and the statements on indexes (mysql-wire section 7).
//
// Each function starts behind the words that named the statement and reads to its end. A clause that is not known
// leaves a change with `shape_unknown`, and the statement keeps its class. A name may be that of a temporary table
// (evasion M30): what a CREATE or DROP without TEMPORARY cannot settle is `kByName`. Pure.
#pragma once

#include "parser/mysql/statement_cursor.h"

namespace schemaguard::parser::mysql {

// The words in front of the kind of object: CREATE [OR REPLACE] [TEMPORARY] …
struct StatementHead {
  bool or_replace = false;
  bool temporary = false;
};

void create_table_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts);
void alter_table_facts(StatementCursor& cursor, StatementFacts& facts);
void drop_table_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts);
void rename_table_facts(StatementCursor& cursor, StatementFacts& facts);
void truncate_table_facts(StatementCursor& cursor, StatementFacts& facts);
// Starts at the index's name; `kind_words` is "UNIQUE", "FULLTEXT" … or "".
void create_index_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts);
void drop_index_facts(StatementCursor& cursor, StatementFacts& facts);

// One definition inside the brackets of CREATE TABLE or behind ADD: a column, index or constraint, as a change of
// `table`. Moves behind it.
void table_element(StatementCursor& cursor, const ObjectUse& table, StatementFacts& facts);

// The column whose name stands here, up to a ',' or ')' or FIRST or AFTER. False when it does not read as one.
bool column_definition(StatementCursor& cursor, ColumnDefinition& column);

// A new name is kept as one text, "schema.name": a '.' inside of either would be taken for the one between them.
bool shows_a_dot(const ObjectName& name);

}  // namespace schemaguard::parser::mysql
