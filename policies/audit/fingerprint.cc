#include <algorithm>

#include "parser/postgres/sql_lexer.h"
#include "policies/audit/redaction.h"
#include "policies/audit/sha256.h"

namespace schemaguard::policies {

namespace {

using parser::postgres::SqlLexer;
using parser::postgres::Token;
using parser::postgres::TokenKind;

constexpr size_t kLookBytesMax = 1024UL * 1024;
constexpr size_t kDigestCharacters = 32;

// Puts the shape together. One character, the unit separator, stands between tokens: no token holds it.
class Shape {
 public:
  void add_literal() {
    // "? , ?" and "( ? ) , ( ? )" become one.
    if (shape_.ends_with("?\x1f,")) {
      shape_.resize(shape_.size() - 2);
      return;
    }
    add("?");
  }

  void add(std::string_view piece) {
    if (!shape_.empty()) shape_.push_back('\x1f');
    shape_ += piece;
    constexpr std::string_view kRows = "(\x1f?\x1f)\x1f,\x1f(\x1f?\x1f)";
    constexpr std::string_view kRow = "(\x1f?\x1f)";
    if (piece == ")" && shape_.ends_with(kRows)) shape_.resize(shape_.size() - (kRows.size() - kRow.size()));
  }

  void add_folded(std::string_view word) {
    add(word);
    std::transform(shape_.end() - static_cast<std::ptrdiff_t>(word.size()), shape_.end(),
                   shape_.end() - static_cast<std::ptrdiff_t>(word.size()),
                   [](char one) { return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one; });
  }

  [[nodiscard]] const std::string& text() const { return shape_; }

 private:
  std::string shape_;
};

}  // namespace

std::string fingerprint_postgres(std::string_view statement) {
  const std::string_view front = statement.substr(0, kLookBytesMax);
  Shape shape;
  SqlLexer lexer(front);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    switch (token.kind) {
      case TokenKind::kWord:
        shape.add_folded(token.text(front));
        break;
      case TokenKind::kString:
      case TokenKind::kEscapeString:
      case TokenKind::kUnicodeString:
      case TokenKind::kBitString:
      case TokenKind::kDollarString:
      case TokenKind::kNumber:
      case TokenKind::kParameter:
        shape.add_literal();
        break;
      case TokenKind::kSemicolon:
        // The one at the end of a text says nothing about the statement.
        if (token.end() < front.size()) shape.add(";");
        break;
      case TokenKind::kQuotedIdentifier:
      case TokenKind::kUnicodeIdentifier:
      case TokenKind::kOperator:
      case TokenKind::kPunctuation:
      case TokenKind::kUnterminated:
      case TokenKind::kOther:
        shape.add(token.text(front));
        break;
      case TokenKind::kEnd:
      case TokenKind::kComment:
        break;
    }
  }
  return sha256_hex({shape.text()}).substr(0, kDigestCharacters);
}

}  // namespace schemaguard::policies
