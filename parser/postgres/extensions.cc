#include "parser/postgres/extensions.h"

#include <algorithm>
#include <array>

namespace schemaguard::parser::postgres {
namespace {

// `trusted = true` in the control files of PostgreSQL 13 to 18.
constexpr std::array<std::string_view, 26> kTrustedExtensions = {
    "bool_plperl", "btree_gin",       "btree_gist",      "citext",   "cube",         "dict_int", "fuzzystrmatch",
    "hstore",      "hstore_plperl",   "intarray",        "isn",      "jsonb_plperl", "lo",       "ltree",
    "pg_trgm",     "pgcrypto",        "plperl",          "plpgsql",  "pltcl",        "seg",      "tablefunc",
    "tcn",         "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp",
};

}  // namespace

bool is_trusted_extension(std::string_view name) {
  return std::find(kTrustedExtensions.begin(), kTrustedExtensions.end(), name) != kTrustedExtensions.end();
}

StatementClass extension_class(std::string_view name) {
  return is_trusted_extension(name) ? StatementClass::kSchema : StatementClass::kCluster;
}

}  // namespace schemaguard::parser::postgres
