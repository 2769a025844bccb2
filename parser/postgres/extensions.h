// Extensions: which of PostgreSQL's own extensions a database owner may create (control file says trusted = true).
//
// A trusted extension is an ordinary schema change; any other one runs a script with a superuser's rights and is a
// matter of the cluster, unless policy lists it (design section 5, `allowed_extensions`; evasion 26). Pure data.
#pragma once

#include <string_view>

#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

bool is_trusted_extension(std::string_view name);

// kSchema for a trusted extension, kCluster for any other.
StatementClass extension_class(std::string_view name);

}  // namespace schemaguard::parser::postgres
