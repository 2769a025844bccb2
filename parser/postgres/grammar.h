// Grammar: the one door to libpg_query, PostgreSQL's own grammar as a library.
//
// Only grammar.cc includes <pg_query.h>; everything above sees JSON trees, so that a change of the library's
// interface (15, 17 and 18 differ) stays in one file. The library may be called with bounded text only and on threads
// with a big stack (evasion section 0, findings 2 to 5): the caller sees to both. A SyntaxTree owns all its memory;
// nothing that is returned points into the library. Errors are values: a text that the grammar rejects yields a tree
// without root. Nothing here keeps state; the library's own per-thread settings are set for each call and restored.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::postgres {

// One parsed text. Movable; `root()` and everything below it lives as long as the tree.
class SyntaxTree {
 public:
  SyntaxTree() = default;
  // Reads the JSON that the library printed; no root when it is not JSON or nested deeper than kTreeDepthMax.
  explicit SyntaxTree(std::string_view json);

  [[nodiscard]] const boost::json::value* root() const { return root_.get(); }
  explicit operator bool() const { return root_ != nullptr; }

 private:
  std::unique_ptr<boost::json::monotonic_resource> memory_;
  std::unique_ptr<boost::json::value> root_;
};

// Levels of the JSON tree, a few per level of SQL nesting.
inline constexpr size_t kTreeDepthMax = 16'000;

// {"version": …, "stmts": [{"stmt": {…}, "stmt_location": …, "stmt_len": …}]}
SyntaxTree parse_statements(const std::string& text, bool standard_conforming_strings);

// False when the linked library offers no way to read with standard_conforming_strings off.
bool grammar_reads_backslash_escapes();

}  // namespace schemaguard::parser::postgres
