// Clauses: cutting the text of one clause out of a statement, so that expressions stay as their author wrote them.
//
// The grammar gives a node's place but not its end; the end is found on the tokens: the next comma outside brackets,
// the closing bracket of the list, or the end of the statement. Holds views of the text and tokens it was made from;
// returned strings are copies. A place that cannot be found cuts nothing and yields empty text, never a wrong one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::postgres {

// Bytes [start, end) of one token.
struct TextToken {
  uint32_t start = 0;
  uint32_t end = 0;
};

// Tokens [first, last).
struct TokenRange {
  size_t first = 0;
  size_t last = 0;
  [[nodiscard]] bool empty() const { return first >= last; }
};

class ClauseCutter {
 public:
  // `tokens` without comments, in order. Both must outlive the cutter.
  ClauseCutter(std::string_view text, const std::vector<TextToken>& tokens) : text_(text), tokens_(tokens) {}

  // The token that starts at byte `offset`.
  [[nodiscard]] std::optional<size_t> token_at(size_t offset) const;
  // The first token that starts at byte `offset` or later.
  [[nodiscard]] size_t token_from(size_t offset) const;
  // The token behind the qualified name that starts at byte `offset`; token_count() when there is no token there.
  [[nodiscard]] size_t behind_name(size_t offset) const;
  [[nodiscard]] size_t token_count() const { return tokens_.size(); }
  // Whether the token is this word (ASCII case ignored) or this punctuation.
  [[nodiscard]] bool is(size_t token, std::string_view word) const;
  [[nodiscard]] std::string_view token_text(size_t token) const;
  // The range from `first` to the end of its statement (a semicolon outside brackets, or the end of the text).
  [[nodiscard]] TokenRange statement_from(size_t first) const;
  // Splits [first, end of the bracket or statement that holds `first`) at commas outside brackets.
  [[nodiscard]] std::vector<TokenRange> split_list(size_t first) const;
  // The first '(' in `range`, nothing when there is none.
  [[nodiscard]] std::optional<size_t> find_open(TokenRange range) const;
  // The tokens between the '(' at `open` and its ')'.
  [[nodiscard]] TokenRange inside(size_t open) const;
  // The first token of `range` outside brackets that is `word`.
  [[nodiscard]] std::optional<size_t> find_word(TokenRange range, std::string_view word) const;
  [[nodiscard]] std::string text(TokenRange range) const;

 private:
  std::string_view text_;
  const std::vector<TextToken>& tokens_;
};

}  // namespace schemaguard::parser::postgres
