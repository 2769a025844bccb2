#include "policies/audit/sql_pieces.h"

#include <algorithm>

#include "parser/mysql/sql_lexer.h"
#include "parser/postgres/sql_lexer.h"
#include "parser/words.h"

namespace schemaguard::policies {
namespace {

namespace mysql = parser::mysql;
namespace postgres = parser::postgres;

PieceKind kind_of(const postgres::Token& token) {
  switch (token.kind) {
    case postgres::TokenKind::kWord:
      return PieceKind::kWord;
    case postgres::TokenKind::kQuotedIdentifier:
    case postgres::TokenKind::kUnicodeIdentifier:
      return PieceKind::kQuotedName;
    case postgres::TokenKind::kString:
    case postgres::TokenKind::kEscapeString:
    case postgres::TokenKind::kUnicodeString:
    case postgres::TokenKind::kBitString:
      return PieceKind::kString;
    case postgres::TokenKind::kDollarString:
      return PieceKind::kDollarString;
    case postgres::TokenKind::kNumber:
      return PieceKind::kNumber;
    case postgres::TokenKind::kParameter:
      return PieceKind::kParameter;
    case postgres::TokenKind::kOperator:
      return PieceKind::kOperator;
    case postgres::TokenKind::kPunctuation:
      return PieceKind::kPunctuation;
    case postgres::TokenKind::kSemicolon:
      return PieceKind::kSemicolon;
    case postgres::TokenKind::kEnd:
    case postgres::TokenKind::kComment:
    case postgres::TokenKind::kUnterminated:
    case postgres::TokenKind::kOther:
      return PieceKind::kBroken;
  }
  return PieceKind::kBroken;
}

PieceKind kind_of(const mysql::Token& token) {
  switch (token.kind) {
    case mysql::TokenKind::kWord:
      return PieceKind::kWord;
    case mysql::TokenKind::kQuotedIdentifier:
      return PieceKind::kQuotedName;
    case mysql::TokenKind::kString:
    case mysql::TokenKind::kNationalString:
    case mysql::TokenKind::kBitString:
      return PieceKind::kString;
    case mysql::TokenKind::kDollarString:
      return PieceKind::kDollarString;
    case mysql::TokenKind::kNumber:
      return PieceKind::kNumber;
    case mysql::TokenKind::kParameter:
      return PieceKind::kParameter;
    case mysql::TokenKind::kUserVariable:
      return PieceKind::kVariable;
    case mysql::TokenKind::kSystemVariable:
    case mysql::TokenKind::kNull:
    case mysql::TokenKind::kOperator:
      return PieceKind::kOperator;
    case mysql::TokenKind::kPunctuation:
      return PieceKind::kPunctuation;
    case mysql::TokenKind::kSemicolon:
      return PieceKind::kSemicolon;
    case mysql::TokenKind::kEnd:
    case mysql::TokenKind::kComment:
    case mysql::TokenKind::kAbort:
    case mysql::TokenKind::kUncertain:
      return PieceKind::kBroken;
  }
  return PieceKind::kBroken;
}

// From the first quote to the last, or between the dollar tags; a constant without quotes (0x41) is its own content.
void find_content(Piece& piece, std::string_view text) {
  const std::string_view whole = piece.text(text);
  size_t opening = 0;
  size_t closing = 0;
  if (piece.kind == PieceKind::kDollarString) {
    opening = closing = whole.find('$', 1) + 1;
  } else if (const size_t quote = whole.find_first_of("'\""); quote != std::string_view::npos) {
    opening = quote + 1;
    closing = 1;
  }
  piece.content_offset = piece.offset + opening;
  piece.content_length = whole.size() - std::min(opening + closing, whole.size());
}

template <typename Token>
Piece piece_of(const Token& token, std::string_view text) {
  Piece piece{.kind = kind_of(token),
              .after_comment = token.after_comment,
              .offset = token.offset,
              .length = token.length,
              .content_offset = token.offset,
              .content_length = token.length};
  if (piece.is_constant()) find_content(piece, text);
  return piece;
}

template <typename Lexer>
void visit_all(Lexer lexer, std::string_view text, const VisitPiece& visit) {
  for (auto token = lexer.next(); token.kind != decltype(token.kind)::kEnd; token = lexer.next()) {
    visit(piece_of(token, text));
  }
}

// The pieces as `lexer` cuts them; nullopt when one of them is broken or `other` cuts elsewhere, be it that it sees
// tokens where the first sees nothing but a comment.
template <typename Lexer>
std::optional<SqlPieces> all_pieces(Lexer lexer, std::optional<Lexer> other, std::string_view text, bool cut) {
  SqlPieces pieces{.text = text, .list = {}};
  while (true) {
    const auto token = lexer.next();
    const bool at_end = token.kind == decltype(token.kind)::kEnd;
    if (!at_end && cut && token.end() == text.size()) return pieces;
    if (other) {
      const auto same = other->next();
      if (same.kind != token.kind || same.offset != token.offset || same.length != token.length) return std::nullopt;
    }
    if (at_end) return pieces;
    pieces.list.push_back(piece_of(token, text));
    if (pieces.list.back().kind == PieceKind::kBroken) return std::nullopt;
  }
}

bool has_high_byte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char byte) { return static_cast<uint8_t>(byte) >= 0x80; });
}

mysql::Reading first_reading(std::string_view text, const mysql::ReadingState& state) {
  const std::vector<mysql::Reading> readings = mysql::possible_readings(state, text);
  return readings.empty() ? mysql::Reading{} : readings.front();
}

}  // namespace

bool is_any_word(std::string_view word, std::initializer_list<std::string_view> lower_case_words) {
  return std::any_of(lower_case_words.begin(), lower_case_words.end(),
                     [word](std::string_view one) { return parser::equals_ignoring_case(word, one); });
}

std::optional<SqlPieces> postgres_pieces(std::string_view text, bool cut) {
  std::optional<postgres::SqlLexer> other;
  if (text.find('\\') != std::string_view::npos) other.emplace(text, postgres::LexerOptions{false, false});
  return all_pieces(postgres::SqlLexer(text), other, text, cut);
}

std::optional<SqlPieces> mysql_pieces(std::string_view text, const mysql::ReadingState& state, bool cut) {
  const bool unsafe =
      state.character_set == mysql::CharacterSet::kUnsafe || state.character_set == mysql::CharacterSet::kUnknown;
  if (unsafe && has_high_byte(text)) return std::nullopt;
  const std::vector<mysql::Reading> readings = mysql::possible_readings(state, text);
  if (readings.empty()) return std::nullopt;
  const mysql::SqlLexer first(text, readings.front());
  std::optional<SqlPieces> pieces = all_pieces(first, std::optional<mysql::SqlLexer>(), text, cut);
  for (size_t index = 1; pieces && index < readings.size(); ++index) {
    const std::optional<mysql::SqlLexer> other(std::in_place, text, readings[index]);
    if (!all_pieces(first, other, text, cut)) return std::nullopt;
  }
  return pieces;
}

void visit_postgres_pieces(std::string_view text, const VisitPiece& visit) {
  visit_all(postgres::SqlLexer(text), text, visit);
}

void visit_mysql_pieces(std::string_view text, const mysql::ReadingState& state, const VisitPiece& visit) {
  visit_all(mysql::SqlLexer(text, first_reading(text, state)), text, visit);
}

}  // namespace schemaguard::policies
