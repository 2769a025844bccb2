#include "parser/postgres/grammar.h"

#include <pg_query.h>

#include <boost/json/parser.hpp>
#include <cstddef>
#include <optional>
#include <utility>

#include "parser/postgres/statement_reader.h"

#if PG_VERSION_NUM < 160000 && defined(SCHEMAGUARD_PG_QUERY_READING_VARIABLE)
// Exported by the library though not declared in its header: the one way to switch the reading of version 15 (evasion
// finding 6). The build checks that the symbol is there. Later versions take the reading as an option.
extern "C" {
extern __thread bool standard_conforming_strings;
}
#endif

namespace schemaguard::parser::postgres {
namespace {

#if PG_VERSION_NUM < 160000
#ifdef SCHEMAGUARD_PG_QUERY_READING_VARIABLE
class ReadingScope {
 public:
  explicit ReadingScope(bool conforming) : before_(standard_conforming_strings) {
    standard_conforming_strings = conforming;
  }
  ~ReadingScope() { standard_conforming_strings = before_; }
  ReadingScope(const ReadingScope&) = delete;
  ReadingScope& operator=(const ReadingScope&) = delete;

 private:
  bool before_;
};
#else
class ReadingScope {
 public:
  explicit ReadingScope(bool) {}
};
#endif
#endif

}  // namespace

SyntaxTree::SyntaxTree(std::string_view json) : memory_(std::make_unique<boost::json::monotonic_resource>()) {
  boost::json::parse_options options;
  options.max_depth = kTreeDepthMax;
  // Text of a LATIN or SQL_ASCII session holds bytes that are not UTF-8; names are kept byte-exact (evasion 54).
  options.allow_invalid_utf8 = true;
  boost::json::parser parser(boost::json::storage_ptr(memory_.get()), options);
  boost::system::error_code error;
  parser.write(json.data(), json.size(), error);
  if (!error) root_ = std::make_unique<boost::json::value>(parser.release());
}

SyntaxTree parse_statements(const std::string& text, bool standard_conforming_strings) {
  SyntaxTree tree;
#if PG_VERSION_NUM >= 160000
  const int options = standard_conforming_strings ? PG_QUERY_PARSE_DEFAULT
                                                  : static_cast<int>(PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS);
  const PgQueryParseResult result = pg_query_parse_opts(text.c_str(), options);
#else
  const ReadingScope reading(standard_conforming_strings);
  const PgQueryParseResult result = pg_query_parse(text.c_str());
#endif
  if (result.error == nullptr && result.parse_tree != nullptr) tree = SyntaxTree(result.parse_tree);
  pg_query_free_parse_result(result);
  return tree;
}

bool grammar_reads_backslash_escapes() {
#if PG_VERSION_NUM >= 160000 || defined(SCHEMAGUARD_PG_QUERY_READING_VARIABLE)
  return true;
#else
  return false;
#endif
}

std::string_view grammar_version() {
  static constexpr std::string_view kVersion = PG_VERSION " (libpg_query " PG_MAJORVERSION ")";
  return kVersion;
}

}  // namespace schemaguard::parser::postgres
