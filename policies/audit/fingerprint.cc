#include "parser/words.h"
#include "policies/audit/redaction.h"
#include "policies/audit/sha256.h"
#include "policies/audit/sql_pieces.h"

namespace schemaguard::policies {

namespace {

constexpr size_t kLookBytesMax = 1024UL * 1024;
constexpr size_t kDigestCharacters = 32;

// Puts the shape together. One character, the unit separator, stands between tokens: no token holds it.
class Shape {
 public:
  explicit Shape(std::string_view text) : text_(text) {}

  void add(const Piece& piece) {
    switch (piece.kind) {
      case PieceKind::kWord:
        add_text(parser::to_lower(piece.text(text_)));
        break;
      case PieceKind::kString:
      case PieceKind::kDollarString:
      case PieceKind::kNumber:
      case PieceKind::kParameter:
        add_literal();
        break;
      case PieceKind::kSemicolon:
        // The one at the end of a text says nothing about the statement.
        if (piece.end() < text_.size()) add_text(";");
        break;
      case PieceKind::kQuotedName:
      case PieceKind::kVariable:
      case PieceKind::kOperator:
      case PieceKind::kPunctuation:
      case PieceKind::kBroken:
        add_text(piece.text(text_));
        break;
    }
  }

  [[nodiscard]] std::string digest() const { return sha256_hex({shape_}).substr(0, kDigestCharacters); }

 private:
  void add_literal() {
    // "? , ?" and "( ? ) , ( ? )" become one.
    if (shape_.ends_with("?\x1f,")) {
      shape_.resize(shape_.size() - 2);
      return;
    }
    add_text("?");
  }

  void add_text(std::string_view piece) {
    if (!shape_.empty()) shape_.push_back('\x1f');
    shape_ += piece;
    constexpr std::string_view kRows = "(\x1f?\x1f)\x1f,\x1f(\x1f?\x1f)";
    constexpr std::string_view kRow = "(\x1f?\x1f)";
    if (piece == ")" && shape_.ends_with(kRows)) shape_.resize(shape_.size() - (kRows.size() - kRow.size()));
  }

  std::string_view text_;
  std::string shape_;
};

}  // namespace

std::string fingerprint_postgres(std::string_view statement) {
  const std::string_view front = statement.substr(0, kLookBytesMax);
  Shape shape(front);
  visit_postgres_pieces(front, [&](const Piece& piece) { shape.add(piece); });
  return shape.digest();
}

std::string fingerprint_mysql(std::string_view statement, const parser::mysql::ReadingState& reading) {
  const std::string_view front = statement.substr(0, kLookBytesMax);
  Shape shape(front);
  visit_mysql_pieces(front, reading, [&](const Piece& piece) { shape.add(piece); });
  return shape.digest();
}

}  // namespace schemaguard::policies
