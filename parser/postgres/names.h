// Names: relation, routine and type names out of syntax trees, as the server folds, clips and prints them.
//
// The grammar's own lexer has folded unquoted letters (ASCII only, evasion 59) already; names that come in other ways
// (settings, function arguments) are clipped here to 63 bytes without cutting a character (evasion 60). Bytes are
// never normalised (evasion 61). Pure functions over a tree; results own their text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/postgres/tree.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

// Bytes of an identifier that the server keeps (NAMEDATALEN - 1).
inline constexpr size_t kIdentifierBytesMax = 63;

std::string clip_identifier(std::string_view name);

// [catalog.][schema.]name out of the parts of a qualified name.
ObjectName qualified_name(const std::vector<std::string_view>& parts);
// The name of a RangeVar; `default_schema` is the schema of an enclosing CREATE SCHEMA, or "".
ObjectName relation_name(const TreeNode& range_var, std::string_view default_schema);

// Whether an existing relation of this name is temporary: certain for pg_temp, open for an unqualified name.
Persistence existing_persistence(const ObjectName& name);
// Whether a relation about to be created is temporary; open for an unqualified name without TEMP, which goes into the
// first schema of the search path (evasion 18).
Persistence created_persistence(const TreeNode& range_var, const ObjectName& name);

// A TypeName as the server's format_type prints it: "character varying(10)", "timestamp(3) with time zone", "text[]".
std::string type_text(const TreeNode& type_name);
ObjectName type_object_name(const TreeNode& type_name);

// "name(type, type)": how people name a routine. `with_arguments` is an ObjectWithArgs.
std::string routine_arguments_text(const TreeNode& with_arguments);

}  // namespace schemaguard::parser::postgres
