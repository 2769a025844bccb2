// CatalogRelations: which relations written without a schema are the server's own.
//
// The server looks into pg_catalog before every other schema, so `pg_class` without a schema is the catalog. But "pg_"
// is reserved for schemas and roles only: applications own tables such as pg_search_documents, and writing to those is
// ordinary. So the names are listed: every catalog of PostgreSQL 14 to 18 and every view of pg_catalog through which
// rows can be written, and the names that Citus puts there. A pure look-up: no allocation, no failure, thread-safe.
#pragma once

#include <string_view>

namespace schemaguard::parser::postgres {

// `name` as the server folds it.
bool is_catalog_relation(std::string_view name);

}  // namespace schemaguard::parser::postgres
