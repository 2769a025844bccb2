#include "parser/postgres/nesting.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

constexpr size_t kLongestWord = 9;

template <size_t kCount>
bool is_one_of(std::string_view token, const std::array<std::string_view, kCount>& words) {
  // Most tokens of a long text are constants and punctuation.
  if (token.size() > kLongestWord || token.empty() || !is_lower_letter(lower_letter(token[0]))) return false;
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return equals_ignoring_case(word, token); });
}

// Words behind which a new expression begins beside the one before, not inside it. AND and OR are flat lists.
constexpr std::array<std::string_view, 17> kNewExpression = {
    "and",    "or",    "when",   "then",  "else",      "where",  "from",  "on",   "set",
    "select", "using", "having", "order", "returning", "values", "group", "limit"};
// Words that put the tree so far below a new node.
constexpr std::array<std::string_view, 12> kChain = {"not",   "is",      "collate", "at",     "in",      "like",
                                                     "ilike", "similar", "between", "isnull", "notnull", "overlaps"};
// Words that nest whole queries or joins: their chains are not ended by commas.
constexpr std::array<std::string_view, 5> kLongChain = {"union", "intersect", "except", "join", "with"};

bool is_operator(std::string_view token) {
  constexpr std::string_view kOperatorBytes = "+-*/<>=~!@#%^&|`?:";
  return !token.empty() && kOperatorBytes.find(token[0]) != std::string_view::npos;
}

}  // namespace

std::vector<TokenRange> split_statements(const ClauseCutter& clauses, size_t token_count) {
  std::vector<TokenRange> pieces;
  size_t begin = 0;
  size_t depth = 0;
  size_t block_depth = 0;  // BEGIN ATOMIC and CASE inside it, up to their END
  for (size_t token = 0; token < token_count; ++token) {
    const std::string_view word = clauses.token_text(token);
    if (word == "(") ++depth;
    if (word == ")" && depth > 0) --depth;
    if (block_depth == 0) {
      const bool atomic = equals_ignoring_case(word, "begin") && clauses.is(token + 1, "atomic");
      if (atomic && clauses.is(begin, "create")) block_depth = 1;
    } else if (equals_ignoring_case(word, "case")) {
      ++block_depth;
    } else if (equals_ignoring_case(word, "end")) {
      --block_depth;
    }
    if (word != ";" || depth > 0 || block_depth > 0) continue;
    if (begin < token) pieces.push_back({.first = begin, .last = token});
    begin = token + 1;
  }
  if (begin < token_count) pieces.push_back({.first = begin, .last = token_count});
  return pieces;
}

size_t nesting_depth(const ClauseCutter& clauses, TokenRange statement) {
  struct Level {
    size_t chain = 0;       // since the last comma
    size_t long_chain = 0;  // since the bracket was opened
  };
  std::vector<Level> levels(1);
  size_t total = 0;
  size_t deepest = 0;
  size_t cases = 0;
  for (size_t token = statement.first; token < statement.last; ++token) {
    const std::string_view word = clauses.token_text(token);
    Level& level = levels.back();
    if (word == "(" || word == "[") {
      levels.emplace_back();
      ++total;
    } else if (word == ")" || word == "]") {
      if (levels.size() > 1) {
        total -= level.chain + level.long_chain + 1;
        levels.pop_back();
      }
    } else if (word == "," || is_one_of(word, kNewExpression)) {
      total -= level.chain;
      level.chain = 0;
    } else if (is_operator(word) || is_one_of(word, kChain)) {
      ++level.chain;
      ++total;
    } else if (is_one_of(word, kLongChain)) {
      ++level.long_chain;
      ++total;
    } else if (equals_ignoring_case(word, "case")) {
      ++cases;
    } else if (equals_ignoring_case(word, "end") && cases > 0) {
      --cases;
    }
    deepest = std::max(deepest, total + cases);
  }
  return deepest;
}

}  // namespace schemaguard::parser::postgres
