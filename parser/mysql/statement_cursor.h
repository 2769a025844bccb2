// StatementCursor: walks the tokens of one statement, as the recursive descent reads them.
//
// Borrows the text and the tokens, which must outlive it. Asking behind the end is harmless: nothing is there. Whether
// a word is a key word or a name is the caller's affair; a word behind a '.' is never a key word. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mysql/sql_lexer.h"
#include "parser/statement_facts.h"

namespace schemaguard::parser::mysql {

class StatementCursor {
 public:
  StatementCursor(std::string_view text, std::span<const Token> tokens, const Reading& reading)
      : text_(text), tokens_(tokens), reading_(reading) {}

  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] size_t size() const { return tokens_.size(); }
  [[nodiscard]] bool at_end() const { return position_ >= tokens_.size(); }
  [[nodiscard]] const Reading& reading() const { return reading_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] TokenKind kind(size_t ahead = 0) const;
  [[nodiscard]] std::string_view token_text(size_t ahead = 0) const;
  // The key word `lower_case` stands `ahead` tokens from here.
  [[nodiscard]] bool is(std::string_view lower_case, size_t ahead = 0) const;
  [[nodiscard]] bool is_one_of(std::initializer_list<std::string_view> words, size_t ahead = 0) const;
  // The one-byte or two-byte operator or mark.
  [[nodiscard]] bool is_symbol(std::string_view symbol, size_t ahead = 0) const;
  [[nodiscard]] bool is_name(size_t ahead = 0) const;  // a word or quoted identifier

  void seek(size_t position) { position_ = position; }
  void advance(size_t count = 1) { position_ += count; }
  // Moves behind what it finds; when the whole sequence is not there, stays and says false.
  bool accept(std::initializer_list<std::string_view> words);
  bool accept(std::string_view word) { return accept({word}); }
  bool accept_symbol(std::string_view symbol);
  bool accept_one_of(std::initializer_list<std::string_view> words);
  bool accept_if_exists() { return accept({"if", "exists"}); }
  bool accept_if_not_exists() { return accept({"if", "not", "exists"}); }

  // Behind the ')' that closes the '(' here, or one token on where there is none.
  void skip_element();
  // To the next ',' outside brackets, or the end.
  void skip_to_comma();
  // To the first of these words outside brackets. False, and at the end, when there is none.
  bool skip_to(std::initializer_list<std::string_view> words);

  // The identifier here, unquoted; "" when there is none. Moves behind it.
  std::string identifier();
  // [schema.]name or .name. False when there is none.
  bool name(ObjectName& name);
  // A string constant with its further pieces; `exact` is false when it is not plain characters (bits, introducers
  // are accepted). False when there is none.
  bool string_constant(std::string& value);

  // The text from token `first` to before token `last`.
  [[nodiscard]] std::string source(size_t first, size_t last) const;
  // A cursor over a part of this one's tokens.
  [[nodiscard]] StatementCursor part(size_t first, size_t last) const;

 private:
  std::string_view text_;
  std::span<const Token> tokens_;
  Reading reading_;
  size_t position_ = 0;
};

// Adds a change of `object`, which also becomes one of the statement's objects.
Change& add_change(StatementFacts& facts, std::string_view kind, ObjectUse object);
// Adds what `inner` does to `facts`: a statement carries every class that applies to its parts.
void fold_in(StatementFacts& facts, const StatementFacts& inner);
// Marks a statement that begins like a known one and goes on in a way that is not: never harmless.
void shape_unknown(StatementFacts& facts);

}  // namespace schemaguard::parser::mysql
