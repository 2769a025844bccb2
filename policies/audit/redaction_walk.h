// RedactionWalk: goes over the pieces of one statement and writes what may be kept.
//
// What both engines have in common: the walk, the blanks, brackets and elements, constants that seem to hold a secret,
// quotes that were mixed up. Where secrets stand is the engine's part (postgres_redaction.cc, mysql_redaction.cc). One
// use per text, which must outlive it. Pure; internal to policies/audit.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "policies/audit/sql_pieces.h"

namespace schemaguard::policies {

inline constexpr std::string_view kRedactedSecret = "'***'";

enum class Literals : uint8_t {
  kKeep,  // part of the schema
  kTake,  // data
};

class RedactionWalk {
 public:
  RedactionWalk(SqlPieces pieces, Literals literals, size_t bytes_max)
      : pieces_(std::move(pieces)), literals_(literals), bytes_max_(bytes_max) {}
  RedactionWalk(const RedactionWalk&) = delete;
  RedactionWalk& operator=(const RedactionWalk&) = delete;
  virtual ~RedactionWalk() = default;

  // nullopt: a secret may stand where no rule covers it.
  std::optional<std::string> run();

 protected:
  // First look over all pieces: which places hold secrets, and does anything look as if quotes were mixed up?
  virtual bool look_around() = 0;
  // Second look: writes the piece at `at_`. False when it must not be written, nor anything else.
  virtual bool write_piece() = 0;

  [[nodiscard]] size_t size() const { return pieces_.list.size(); }
  [[nodiscard]] const Piece& piece(size_t index) const { return pieces_.list[index]; }
  [[nodiscard]] std::string_view text_of(const Piece& piece) const { return piece.text(pieces_.text); }
  [[nodiscard]] std::string_view content_of(const Piece& piece) const { return piece.content(pieces_.text); }
  [[nodiscard]] std::string_view word(size_t index) const { return pieces_.word(index); }
  [[nodiscard]] bool is_word(size_t index, std::string_view lower_case) const;
  [[nodiscard]] bool is_any(size_t index, std::initializer_list<std::string_view> lower_case) const {
    return is_any_word(word(index), lower_case);
  }
  [[nodiscard]] bool is_sign(size_t index, std::string_view sign) const { return pieces_.is_sign(index, sign); }

  // Of a constant: false when the quotes around it seem shifted, so that what looks like a word may be a secret.
  [[nodiscard]] bool quotes_fit(size_t index) const;
  // A quoted name that holds other quotes around a secret: somebody mixed up the quotes.
  [[nodiscard]] bool name_hides_secret(const Piece& piece) const;
  // Brackets, and the elements between commas that they close.
  void follow_brackets(const Piece& piece);
  // The element that goes on here speaks of a secret: up to its ',' or the bracket around it.
  void begin_secret_element();
  void write(std::string_view text);

  SqlPieces pieces_;
  Literals literals_;
  size_t bytes_max_;
  size_t at_ = 0;
  int brackets_ = 0;
  bool in_secret_element_ = false;

 private:
  std::string out_;
  int element_brackets_ = 0;
};

// Redacts the front of `text`, as far as the result can hold it: `redact` is given the front and whether it was cut
// off. The result says so, and is at most `bytes_max` bytes.
std::optional<std::string> redact_front(
    std::string_view text, size_t bytes_max,
    const std::function<std::optional<std::string>(std::string_view front, bool cut)>& redact);

}  // namespace schemaguard::policies
