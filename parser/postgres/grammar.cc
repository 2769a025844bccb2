#include "parser/postgres/grammar.h"

#include <pg_query.h>

#include <boost/json/parser.hpp>
#include <cstddef>
#include <optional>
#include <utility>

#include "parser/postgres/statement_reader.h"

#ifdef SCHEMAGUARD_PG_QUERY_READING_VARIABLE
// Exported by the library though not declared in its header: the one way to switch the reading of its scanner, and in
// version 15 of its parser too (evasion finding 6). The build checks that the symbol is there.
extern "C" {
extern __thread bool standard_conforming_strings;
}
#endif

namespace schemaguard::parser::postgres {
namespace {

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

// A reader of the protobuf wire format, for the one flat message that the scanner returns. Numbers are varints; a
// repeated token is a length-delimited message of varints. Never reads past its bytes.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool done() const { return position_ >= bytes_.size(); }

  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (done()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(bytes_[position_++]);
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
  }

  std::optional<std::string_view> message() {
    const std::optional<uint64_t> length = varint();
    if (!length || *length > bytes_.size() - position_) return std::nullopt;
    const std::string_view body = bytes_.substr(position_, static_cast<size_t>(*length));
    position_ += static_cast<size_t>(*length);
    return body;
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
};

constexpr uint64_t kVarintField = 0;
constexpr uint64_t kMessageField = 2;
constexpr uint64_t kTokensFieldNumber = 2;
constexpr uint64_t kStartFieldNumber = 1;
constexpr uint64_t kEndFieldNumber = 2;

std::optional<GrammarToken> read_token(std::string_view bytes) {
  GrammarToken token;
  WireReader reader(bytes);
  while (!reader.done()) {
    const std::optional<uint64_t> key = reader.varint();
    if (!key || (*key & 7U) != kVarintField) return std::nullopt;
    const std::optional<uint64_t> value = reader.varint();
    if (!value) return std::nullopt;
    if (*key >> 3U == kStartFieldNumber) token.start = static_cast<uint32_t>(*value);
    if (*key >> 3U == kEndFieldNumber) token.end = static_cast<uint32_t>(*value);
  }
  return token;
}

bool read_tokens(std::string_view bytes, size_t text_size, std::vector<GrammarToken>& tokens) {
  WireReader reader(bytes);
  uint32_t last_end = 0;
  while (!reader.done()) {
    const std::optional<uint64_t> key = reader.varint();
    if (!key) return false;
    if ((*key & 7U) == kVarintField) {
      if (!reader.varint()) return false;
      continue;
    }
    if ((*key & 7U) != kMessageField) return false;
    const std::optional<std::string_view> body = reader.message();
    if (!body) return false;
    if (*key >> 3U != kTokensFieldNumber) continue;
    const std::optional<GrammarToken> token = read_token(*body);
    if (!token || token->start < last_end || token->end < token->start || token->end > text_size) return false;
    last_end = token->end;
    tokens.push_back(*token);
  }
  return true;
}

}  // namespace

GrammarScan scan_tokens(const std::string& text, bool standard_conforming_strings) {
  GrammarScan scan;
  const ReadingScope reading(standard_conforming_strings);
  const PgQueryScanResult result = pg_query_scan(text.c_str());
  if (result.error == nullptr) {
    const std::string_view bytes(result.pbuf.data, result.pbuf.len);
    scan.complete = read_tokens(bytes, text.size(), scan.tokens);
  }
  pg_query_free_scan_result(result);
  return scan;
}

SyntaxTree::SyntaxTree(std::string_view json) : memory_(std::make_unique<boost::json::monotonic_resource>()) {
  boost::json::parse_options options;
  options.max_depth = kTreeDepthMax;
  // Text of a LATIN or SQL_ASCII session holds bytes that are not UTF-8; names are kept byte-exact (evasion 54).
  options.allow_invalid_utf8 = true;
  boost::json::parser parser(boost::json::storage_ptr(memory_.get()), options);
  boost::json::error_code error;
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

SyntaxTree parse_procedural_code(const std::string& text, bool standard_conforming_strings) {
  SyntaxTree tree;
  const ReadingScope reading(standard_conforming_strings);
  const PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(text.c_str());
  if (result.error == nullptr && result.plpgsql_funcs != nullptr) tree = SyntaxTree(result.plpgsql_funcs);
  pg_query_free_plpgsql_parse_result(result);
  return tree;
}

bool grammar_reads_backslash_escapes() {
#ifdef SCHEMAGUARD_PG_QUERY_READING_VARIABLE
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
