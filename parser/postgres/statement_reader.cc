#include "parser/postgres/statement_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "parser/postgres/clauses.h"
#include "parser/postgres/first_words.h"
#include "parser/postgres/grammar.h"
#include "parser/postgres/nesting.h"
#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"

namespace schemaguard::parser::postgres {
namespace {

TextFacts unread_text(std::string_view reason) {
  TextFacts facts;
  facts.unread = true;
  facts.unread_reason = std::string(reason);
  return facts;
}

bool is_comment(std::string_view token) { return token.starts_with("--") || token.starts_with("/*"); }

// A string, then comments only, then a string again: the library's scanner and the server's disagree about what such a
// text is from here on, so nothing behind it can be trusted (evasion 40).
bool has_string_comment_string(std::string_view text, const std::vector<GrammarToken>& tokens) {
  bool after_string = false;
  bool comment_seen = false;
  for (const GrammarToken& token : tokens) {
    const std::string_view word = text.substr(token.start, token.end - token.start);
    if (is_comment(word)) {
      comment_seen = true;
      continue;
    }
    if (after_string && comment_seen && word.starts_with("'")) return true;
    after_string = word.ends_with("'");
    comment_seen = false;
  }
  return false;
}

// Overwrites comments with spaces, so that offsets hold, and drops their tokens: the grammar rejects comments in places
// where the server takes them (evasion 39 to 41).
void blank_comments(std::string& text, std::vector<GrammarToken>& tokens) {
  std::vector<GrammarToken> kept;
  kept.reserve(tokens.size());
  for (const GrammarToken& token : tokens) {
    const std::string_view word = std::string_view(text).substr(token.start, token.end - token.start);
    if (!is_comment(word)) {
      kept.push_back(token);
      continue;
    }
    std::fill(text.begin() + token.start, text.begin() + token.end, ' ');
  }
  tokens = std::move(kept);
}

// One text under one reading.
class TextReader {
 public:
  TextReader(std::string text, std::vector<GrammarToken> tokens, bool standard_conforming_strings,
             const ReaderLimits& limits)
      : text_(std::move(text)),
        tokens_(std::move(tokens)),
        clauses_(text_, tokens_),
        standard_conforming_strings_(standard_conforming_strings),
        limits_(limits) {}

  TextFacts read() {
    const std::vector<TokenRange> pieces = split_statements(clauses_, tokens_.size());
    if (pieces.size() > limits_.statements_max) return unread_text("too_many_statements");
    size_t begin = 0;
    // Neighbouring statements are parsed together up to the length that the grammar may be given.
    for (size_t piece = 0; piece < pieces.size(); ++piece) {
      const bool fits = bytes_of(pieces[begin], pieces[piece]) <= limits_.statement_bytes_max;
      const bool readable = is_bounded(pieces[piece]);
      if (fits && readable) continue;
      read_group(pieces, begin, piece);
      begin = piece;
      if (readable) continue;
      const bool long_text = bytes_of(pieces[piece], pieces[piece]) > limits_.statement_bytes_max;
      fall_back(pieces[piece], long_text ? "too_long" : "too_deep");
      begin = piece + 1;
    }
    read_group(pieces, begin, pieces.size());
    return std::move(facts_);
  }

 private:
  [[nodiscard]] size_t bytes_of(TokenRange first, TokenRange last) const {
    return tokens_[last.last - 1].end - tokens_[first.first].start;
  }

  [[nodiscard]] bool is_bounded(TokenRange piece) const {
    return bytes_of(piece, piece) <= limits_.statement_bytes_max && nesting_depth(clauses_, piece) <= limits_.depth_max;
  }

  // Statements [begin, end) in one call of the grammar; one by one when it rejects them together, because one odd
  // statement must not hide the others (evasion 66).
  void read_group(const std::vector<TokenRange>& pieces, size_t begin, size_t end) {
    if (begin >= end || read_tokens(pieces[begin].first, pieces[end - 1].last)) return;
    for (size_t piece = begin; piece < end; ++piece) {
      if (end - begin > 1 && read_tokens(pieces[piece].first, pieces[piece].last)) continue;
      fall_back(pieces[piece], "syntax");
    }
  }

  void fall_back(TokenRange piece, std::string_view reason) {
    StatementFacts statement = first_word_facts(clauses_, piece, reason);
    statement.offset = tokens_[piece.first].start;
    statement.length = bytes_of(piece, piece);
    facts_.unread_reason = std::string(reason);
    facts_.statements.push_back(std::move(statement));
  }

  // False when the grammar rejects the tokens [first, last).
  bool read_tokens(size_t first, size_t last) {
    const size_t start = tokens_[first].start;
    const std::string part = text_.substr(start, tokens_[last - 1].end - start);
    const SyntaxTree tree = parse_statements(part, standard_conforming_strings_);
    if (!tree) return false;
    const TreeNode* root = tree.root()->if_object();
    if (root == nullptr) return false;
    // Locations in the tree count from the part's beginning.
    std::vector<GrammarToken> shifted(tokens_.begin() + static_cast<std::ptrdiff_t>(first),
                                      tokens_.begin() + static_cast<std::ptrdiff_t>(last));
    for (GrammarToken& token : shifted) {
      token.start -= static_cast<uint32_t>(start);
      token.end -= static_cast<uint32_t>(start);
    }
    const ClauseCutter clauses(part, shifted);
    for (const boost::json::value& item : list(*root, "stmts")) {
      if (const TreeNode* raw = item.if_object()) read_statement(*raw, clauses, shifted, start);
    }
    return true;
  }

  void read_statement(const TreeNode& raw, const ClauseCutter& clauses, const std::vector<GrammarToken>& tokens,
                      size_t start) {
    const auto offset = static_cast<size_t>(std::max<int64_t>(number(raw, "stmt_location"), 0));
    const auto length = static_cast<size_t>(std::max<int64_t>(number(raw, "stmt_len"), 0));
    const auto first = std::lower_bound(tokens.begin(), tokens.end(), offset,
                                        [](const GrammarToken& token, size_t place) { return token.start < place; });
    auto last = tokens.end();
    if (length > 0) {
      last = std::lower_bound(first, tokens.end(), offset + length,
                              [](const GrammarToken& token, size_t place) { return token.start < place; });
    }
    TokenRange range = {.first = static_cast<size_t>(first - tokens.begin()),
                        .last = static_cast<size_t>(last - tokens.begin())};
    while (range.last > range.first && clauses.is(range.last - 1, ";")) --range.last;
    const StatementSource source = {.clauses = clauses,
                                    .statement = range,
                                    .enclosing_schema = {},
                                    .standard_conforming_strings = standard_conforming_strings_};
    StatementFacts statement;
    read_node(typed_child(raw, "stmt"), source, statement);
    if (!range.empty()) {
      statement.offset = start + tokens[range.first].start;
      statement.length = tokens[range.last - 1].end - tokens[range.first].start;
    }
    facts_.statements.push_back(std::move(statement));
  }

  std::string text_;
  std::vector<GrammarToken> tokens_;
  ClauseCutter clauses_;
  bool standard_conforming_strings_;
  ReaderLimits limits_;
  TextFacts facts_;
};

TextFacts read_under(std::string_view text, bool standard_conforming_strings, const ReaderLimits& limits) {
  if (!standard_conforming_strings && !grammar_reads_backslash_escapes()) return unread_text("backslash_reading");
  std::string blanked(text);
  GrammarScan scan = scan_tokens(blanked, standard_conforming_strings);
  if (!scan.complete) return unread_text("unterminated");
  if (has_string_comment_string(blanked, scan.tokens)) return unread_text("string_comment_string");
  blank_comments(blanked, scan.tokens);
  return TextReader(std::move(blanked), std::move(scan.tokens), standard_conforming_strings, limits).read();
}

}  // namespace

TextFacts read_statements(std::string_view text, Reading reading, const ReaderLimits& limits) {
  if (text.find('\0') != std::string_view::npos) return unread_text("nul_byte");
  const bool seven_bit =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
  if (!seven_bit && reading.ascii_safe_encoding != Certainty::kYes) return unread_text("unsafe_encoding");
  const bool one_reading =
      reading.standard_conforming_strings != Certainty::kUnknown || text.find('\\') == std::string_view::npos;
  if (one_reading) return read_under(text, reading.standard_conforming_strings != Certainty::kNo, limits);
  TextFacts facts = read_under(text, true, limits);
  TextFacts other = read_under(text, false, limits);
  if (facts == other) return facts;
  for (StatementFacts& statement : other.statements) facts.statements.push_back(std::move(statement));
  facts.unread = facts.unread || other.unread;
  if (facts.unread_reason.empty()) facts.unread_reason = other.unread_reason;
  return facts;
}

}  // namespace schemaguard::parser::postgres
