// The plain built-in functions by name: see function_catalog.h for what plain means. Taken from pg_proc of a
// PostgreSQL 15 server (functions, aggregates and window functions of pg_catalog that SQL can call, the risky ones
// left out), plus the names that 16, 17 and 18 added. Sorted by bytes; constant data.
#pragma once

#include <span>
#include <string_view>

namespace schemaguard::parser::postgres {

std::span<const std::string_view> plain_function_names();
// Exact look-up by hash; `name` folded as the server folds it.
bool is_plain_function_name(std::string_view name);

}  // namespace schemaguard::parser::postgres
