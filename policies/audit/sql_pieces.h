// SqlPieces: the tokens of a text as redaction and fingerprints see them, the same for both engines' lexers.
//
// What the engines spell differently (dollar quotes, introducers, variables) comes out as one small set of kinds, so
// that whoever walks over a text does not care whose lexer cut it. A text is given only when it fits together: when it
// is certain where each token ends. Pieces hold positions, SqlPieces borrows the text, which must outlive it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "parser/mysql/reading.h"

namespace schemaguard::policies {

enum class PieceKind : uint8_t {
  kWord,        // key word or unquoted identifier
  kQuotedName,  // "…", `…`, U&"…"
  kString,      // every constant in quotes, and 0x…
  kDollarString,
  kNumber,
  kParameter,
  kVariable,  // @name, or the @ between a user and a host
  kOperator,
  kPunctuation,
  kSemicolon,
  kBroken,  // not terminated, or a byte that belongs to no token
};

struct Piece {
  PieceKind kind = PieceKind::kBroken;
  bool after_comment = false;
  size_t offset = 0;
  size_t length = 0;
  // What stands between the delimiters of a constant; doubled quotes stay doubled.
  size_t content_offset = 0;
  size_t content_length = 0;

  [[nodiscard]] size_t end() const { return offset + length; }
  [[nodiscard]] std::string_view text(std::string_view whole) const { return whole.substr(offset, length); }
  [[nodiscard]] std::string_view content(std::string_view whole) const {
    return whole.substr(content_offset, content_length);
  }
  [[nodiscard]] bool is_constant() const { return kind == PieceKind::kString || kind == PieceKind::kDollarString; }
  [[nodiscard]] bool is_name() const { return kind == PieceKind::kWord || kind == PieceKind::kQuotedName; }
  [[nodiscard]] bool is_sign() const {
    return kind == PieceKind::kOperator || kind == PieceKind::kPunctuation || kind == PieceKind::kSemicolon;
  }
};

struct SqlPieces {
  std::string_view text;
  std::vector<Piece> list;

  // The key word or unquoted name at `index`; "" when something else stands there.
  [[nodiscard]] std::string_view word(size_t index) const {
    return index < list.size() && list[index].kind == PieceKind::kWord ? list[index].text(text) : std::string_view();
  }
  [[nodiscard]] bool is_sign(size_t index, std::string_view sign) const {
    return index < list.size() && !list[index].is_constant() && list[index].text(text) == sign;
  }
};

// ASCII-case-insensitive; the words must be lower case.
bool is_any_word(std::string_view word, std::initializer_list<std::string_view> lower_case_words);

// The pieces of `text`, or nullopt when they do not fit together: something is not terminated, a byte belongs to no
// token, or the cut depends on a setting that is not certain (whether a backslash escapes, what a double quote is, the
// server's version). `cut`: the text goes on behind its end, so the last piece is not known and left out.
std::optional<SqlPieces> postgres_pieces(std::string_view text, bool cut);
std::optional<SqlPieces> mysql_pieces(std::string_view text, const parser::mysql::ReadingState& state, bool cut);

// Every piece in order, broken ones too, under the first possible reading.
using VisitPiece = std::function<void(const Piece&)>;
void visit_postgres_pieces(std::string_view text, const VisitPiece& visit);
void visit_mysql_pieces(std::string_view text, const parser::mysql::ReadingState& state, const VisitPiece& visit);

}  // namespace schemaguard::policies
