// The plain built-in functions by name: what does no more than compute, wait or tell. Constant data.
//
// Taken from information_schema.sql_functions and the grammar of MariaDB 10.11, plus the names that its later versions
// and MySQL 8 and 9 have. Left out are those that read files, run text, change sequences or the server, or hold locks
// (query_facts.cc knows them). A name that is built in wins over a stored function of that name unless a database is
// written in front of it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace schemaguard::parser::mysql {

// None is longer than this.
inline constexpr size_t kPlainFunctionBytesMax = 40;

std::span<const std::string_view> plain_function_names();
// Exact look-up by hash; `name` in lower case.
bool is_plain_function_name(std::string_view name);

}  // namespace schemaguard::parser::mysql
