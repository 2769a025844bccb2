#include "parser/postgres/clauses.h"

#include <algorithm>

#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

bool opens(std::string_view token) { return token == "(" || token == "["; }
bool closes(std::string_view token) { return token == ")" || token == "]"; }

}  // namespace

size_t ClauseCutter::token_from(size_t offset) const {
  const auto found = std::lower_bound(tokens_.begin(), tokens_.end(), offset,
                                      [](const TextToken& token, size_t place) { return token.start < place; });
  return static_cast<size_t>(found - tokens_.begin());
}

std::optional<size_t> ClauseCutter::token_at(size_t offset) const {
  const size_t token = token_from(offset);
  if (token >= tokens_.size() || tokens_[token].start != offset) return std::nullopt;
  return token;
}

size_t ClauseCutter::behind_name(size_t offset) const {
  size_t token = token_from(offset);
  if (token >= tokens_.size() || tokens_[token].start != offset) return tokens_.size();
  while (is(token + 1, ".")) token += 2;
  return std::min(token + 1, tokens_.size());
}

std::string_view ClauseCutter::token_text(size_t token) const {
  if (token >= tokens_.size()) return {};
  return text_.substr(tokens_[token].start, tokens_[token].end - tokens_[token].start);
}

bool ClauseCutter::is(size_t token, std::string_view word) const {
  return token < tokens_.size() && equals_ignoring_case(token_text(token), word);
}

TokenRange ClauseCutter::statement_from(size_t first) const {
  size_t depth = 0;
  size_t token = first;
  for (; token < tokens_.size(); ++token) {
    const std::string_view word = token_text(token);
    if (opens(word)) ++depth;
    if (closes(word) && depth > 0) --depth;
    if (word == ";" && depth == 0) break;
  }
  return {.first = first, .last = token};
}

std::vector<TokenRange> ClauseCutter::split_list(size_t first) const {
  std::vector<TokenRange> pieces;
  size_t depth = 0;
  size_t begin = first;
  size_t token = first;
  for (; token < tokens_.size(); ++token) {
    const std::string_view word = token_text(token);
    if (closes(word)) {
      if (depth == 0) break;
      --depth;
    }
    if (opens(word)) ++depth;
    if (depth > 0) continue;
    if (word == ";") break;
    if (word == ",") {
      pieces.push_back({.first = begin, .last = token});
      begin = token + 1;
    }
  }
  if (begin < token) pieces.push_back({.first = begin, .last = token});
  return pieces;
}

std::optional<size_t> ClauseCutter::find_open(TokenRange range) const {
  for (size_t token = range.first; token < range.last; ++token) {
    if (token_text(token) == "(") return token;
  }
  return std::nullopt;
}

TokenRange ClauseCutter::inside(size_t open) const {
  size_t depth = 0;
  for (size_t token = open; token < tokens_.size(); ++token) {
    const std::string_view word = token_text(token);
    if (opens(word)) ++depth;
    if (closes(word) && --depth == 0) return {.first = open + 1, .last = token};
  }
  return {.first = open + 1, .last = open + 1};
}

std::optional<size_t> ClauseCutter::find_word(TokenRange range, std::string_view word) const {
  size_t depth = 0;
  for (size_t token = range.first; token < range.last; ++token) {
    const std::string_view found = token_text(token);
    if (opens(found)) ++depth;
    if (closes(found) && depth > 0) --depth;
    if (depth == 0 && is(token, word)) return token;
  }
  return std::nullopt;
}

std::string ClauseCutter::text(TokenRange range) const {
  if (range.empty() || range.last > tokens_.size()) return {};
  const size_t start = tokens_[range.first].start;
  return std::string(text_.substr(start, tokens_[range.last - 1].end - start));
}

}  // namespace schemaguard::parser::postgres
