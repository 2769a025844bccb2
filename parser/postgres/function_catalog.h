// FunctionCatalog: what is known about a PostgreSQL function from its name alone.
//
// Two fixed tables: the *plain* built-in functions (every callable function of pg_catalog in PostgreSQL 15 to 18 that
// cannot run text as SQL, reach the server's files, change catalogs or stop other people's work) and the *risky* ones
// (evasion Appendix B and entries 144-150, 155, 158), each with the class of its call. Everything in neither table is
// kUnknown. The tables know nothing of a session: a user's function that shares a plain name and is found before it
// (search_path, better fitting argument types) looks plain here; only a catalog can tell (evasion 138-140).
// Names are given as the server folds and clips them. Pure look-ups: no allocation, no failure, thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

enum class FunctionKind : uint8_t {
  kPlain,         // built in and harmless
  kRunsSqlText,   // runs text given to it as SQL, here or on another connection
  kServerFile,    // reads or writes files of the server
  kCatalogWrite,  // writes system catalogs directly
  kAdmin,         // ends other people's statements, switches logs, resets statistics
  kMaintenance,   // index and statistics upkeep
  kDestructive,   // setval, lo_unlink: data is changed in a way that undo does not cover
  kCluster,       // replication, promotion, reload: reaches beyond the database
  kSchema,        // creates or changes schema objects
  kSetting,       // set_config: judge it as the SET that it is
  kUnknown,       // not built in (or a large object function): an unproved routine
};

// The kind of a call to `schema`.`name`; `schema` is empty when the text does not say. A risky name is risky in every
// schema (a false alarm is preferred), except helpers of extensions with everyday names, which count in their own
// schema only (cron.schedule). A plain name is plain without a schema or in pg_catalog only. `argument_count` below
// zero: not known; ts_rewrite(query, target, substitute) is plain, its two-argument form runs SQL text.
FunctionKind function_kind(std::string_view schema, std::string_view name, int argument_count = -1);

// PostgreSQL calls a one-argument function for `value.name` when no column of that name exists and the value is of a
// scalar type: `SELECT t.pg_read_file FROM lower('/etc/passwd') t` and `('SELECT …'::text).ts_stat` run the function,
// and the tree holds no call. The kind of the risky function that a column of this name may really be, else kPlain. A
// user's own function called in this way cannot be told from a column.
FunctionKind column_notation_kind(std::string_view name);
// Every name for which the answer above is not kPlain begins with one of these (at most eight letters each) and has
// at least six letters: for a quick first look.
inline constexpr std::string_view kColumnNotationStarts[] = {
    "binary_u", "brin_sum", "crosstab", "dblink",   "gin_clea", "lo_impor", "lo_unlin",
    "pg_",      "populate", "postgis_", "run_comm", "truncate", "ts_stat",
};

// The large object functions that libpq and JDBC call by number (pg_dump and pg_restore do so for every large object):
// the name of the built-in function with this OID, "" for every other. Built-in OIDs never change. The ones that read
// or write the server's files (lo_import, lo_export) are not among them.
std::string_view large_object_function(uint32_t oid);

// `TREAT (value AS name)` calls pg_catalog.name(value): judge it with function_kind("pg_catalog", name).

// What a call of this kind adds to the facts of a statement.
struct FunctionEffect {
  StatementClass statement_class = StatementClass::kQuery;
  OpaqueReason opaque = OpaqueReason::kNone;
  bool operator==(const FunctionEffect&) const = default;
};
FunctionEffect function_effect(FunctionKind kind);

}  // namespace schemaguard::parser::postgres
