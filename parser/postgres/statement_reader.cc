#include "parser/postgres/statement_reader.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/postgres/clauses.h"
#include "parser/postgres/first_words.h"
#include "parser/postgres/grammar.h"
#include "parser/postgres/lexed_text.h"
#include "parser/postgres/nesting.h"
#include "parser/postgres/statement_source.h"
#include "parser/postgres/tree.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

TextFacts unread_text(std::string_view reason) {
  TextFacts facts;
  facts.unread = true;
  facts.unread_reason = std::string(reason);
  return facts;
}

// One text under one reading.
class TextReader {
 public:
  TextReader(LexedText lexed, bool standard_conforming_strings, size_t code_depth, const ReaderLimits& limits)
      : text_(std::move(lexed.blanked)),
        tokens_(std::move(lexed.tokens)),
        clauses_(text_, tokens_),
        standard_conforming_strings_(standard_conforming_strings),
        code_depth_(code_depth),
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
    if (begin >= end || read_pieces(pieces, begin, end)) return;
    for (size_t piece = begin; piece < end; ++piece) {
      if (end - begin > 1 && read_pieces(pieces, piece, piece + 1)) continue;
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

  // False when the grammar rejects the pieces, or finds other statements in them than the server's own cut.
  bool read_pieces(const std::vector<TokenRange>& pieces, size_t begin, size_t end) {
    const size_t first = pieces[begin].first;
    const size_t last = pieces[end - 1].last;
    const size_t start = tokens_[first].start;
    const std::string part = text_.substr(start, tokens_[last - 1].end - start);
    const SyntaxTree tree = parse_statements(part, standard_conforming_strings_);
    const TreeNode* root = tree ? tree.root()->if_object() : nullptr;
    if (root == nullptr || list(*root, "stmts").size() != end - begin) return false;
    // Locations in the tree count from the part's beginning.
    std::vector<TextToken> shifted(tokens_.begin() + static_cast<std::ptrdiff_t>(first),
                                   tokens_.begin() + static_cast<std::ptrdiff_t>(last));
    for (TextToken& token : shifted) {
      token.start -= static_cast<uint32_t>(start);
      token.end -= static_cast<uint32_t>(start);
    }
    const ClauseCutter clauses(part, shifted);
    const size_t before = facts_.statements.size();
    size_t piece = begin;
    for (const boost::json::value& item : list(*root, "stmts")) {
      const TokenRange range = {.first = pieces[piece].first - first, .last = pieces[piece].last - first};
      const TreeNode* raw = item.if_object();
      if (raw == nullptr || !begins_at(*raw, clauses, range)) {
        facts_.statements.resize(before);
        return false;
      }
      read_statement(*raw, clauses, range, pieces[piece]);
      ++piece;
    }
    return true;
  }

  // Whether the grammar's statement begins where the piece begins; spaces may stand between.
  static bool begins_at(const TreeNode& raw, const ClauseCutter& clauses, TokenRange range) {
    const auto offset = static_cast<size_t>(std::max<int64_t>(number(raw, "stmt_location"), 0));
    size_t first = clauses.token_from(offset);
    while (clauses.is(first, ";")) ++first;
    return first == range.first;
  }

  void read_statement(const TreeNode& raw, const ClauseCutter& clauses, TokenRange range, TokenRange piece) {
    const StatementSource source = {.clauses = clauses,
                                    .statement = range,
                                    .enclosing_schema = {},
                                    .standard_conforming_strings = standard_conforming_strings_,
                                    .code_depth = code_depth_};
    StatementFacts statement;
    read_node(typed_child(raw, "stmt"), source, statement);
    statement.offset = tokens_[piece.first].start;
    statement.length = bytes_of(piece, piece);
    facts_.statements.push_back(std::move(statement));
  }

  std::string text_;
  std::vector<TextToken> tokens_;
  ClauseCutter clauses_;
  bool standard_conforming_strings_;
  size_t code_depth_;
  ReaderLimits limits_;
  TextFacts facts_;
};

TextFacts read_under(std::string_view text, bool standard_conforming_strings, size_t code_depth,
                     const ReaderLimits& limits) {
  if (!standard_conforming_strings && !grammar_reads_backslash_escapes()) return unread_text("backslash_reading");
  LexedText lexed = lex_text(text, standard_conforming_strings);
  if (!lexed.unread_reason.empty()) return unread_text(lexed.unread_reason);
  return TextReader(std::move(lexed), standard_conforming_strings, code_depth, limits).read();
}

}  // namespace

TextFacts read_nested_text(std::string_view text, const StatementSource& source) {
  return read_under(text, source.standard_conforming_strings, source.code_depth, {});
}

std::optional<std::string> constant_string(std::string_view expression, const StatementSource& source) {
  const LexedText lexed = lex_text(concat("SELECT ", expression), source.standard_conforming_strings);
  const ReaderLimits limits;
  const ClauseCutter clauses(lexed.blanked, lexed.tokens);
  const bool bounded = lexed.unread_reason.empty() && lexed.blanked.size() <= limits.statement_bytes_max &&
                       nesting_depth(clauses, {.first = 0, .last = lexed.tokens.size()}) <= limits.depth_max;
  if (!bounded) return std::nullopt;
  const SyntaxTree tree = parse_statements(lexed.blanked, source.standard_conforming_strings);
  const TreeNode* root = tree ? tree.root()->if_object() : nullptr;
  if (root == nullptr || list(*root, "stmts").size() != 1) return std::nullopt;
  const TreeNode* raw = list(*root, "stmts")[0].if_object();
  const TypedNode select = raw == nullptr ? TypedNode{} : typed_child(*raw, "stmt");
  if (select.type != "SelectStmt" || list(*select.fields, "targetList").size() != 1) return std::nullopt;
  const TypedNode target = typed_node(list(*select.fields, "targetList")[0]);
  const boost::json::value* value = target ? target.fields->if_contains("val") : nullptr;
  return value == nullptr ? std::nullopt : folded_string(*value);
}

TextFacts read_statements(std::string_view text, Reading reading, const ReaderLimits& limits) {
  if (text.find('\0') != std::string_view::npos) return unread_text("nul_byte");
  const bool seven_bit =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
  if (!seven_bit && reading.ascii_safe_encoding != Certainty::kYes) return unread_text("unsafe_encoding");
  const bool one_reading =
      reading.standard_conforming_strings != Certainty::kUnknown || text.find('\\') == std::string_view::npos;
  if (one_reading) return read_under(text, reading.standard_conforming_strings != Certainty::kNo, 0, limits);
  TextFacts facts = read_under(text, true, 0, limits);
  TextFacts other = read_under(text, false, 0, limits);
  if (facts == other) return facts;
  for (StatementFacts& statement : other.statements) facts.statements.push_back(std::move(statement));
  facts.unread = facts.unread || other.unread;
  if (facts.unread_reason.empty()) facts.unread_reason = other.unread_reason;
  return facts;
}

}  // namespace schemaguard::parser::postgres
