#include "policies/audit/redaction_walk.h"

#include <algorithm>

#include "parser/words.h"
#include "policies/audit/secret_words.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

constexpr size_t kLookBytesMax = 64UL * 1024;

}  // namespace

std::optional<std::string> RedactionWalk::run() {
  if (!look_around()) return std::nullopt;
  for (at_ = 0; at_ < size() && out_.size() < bytes_max_; ++at_) {
    if (!write_piece()) return std::nullopt;
  }
  return std::move(out_);
}

bool RedactionWalk::is_word(size_t index, std::string_view lower_case) const {
  return parser::equals_ignoring_case(word(index), lower_case);
}

bool RedactionWalk::quotes_fit(size_t index) const {
  if (index + 1 >= size()) return true;
  const Piece& constant = piece(index);
  const Piece& next = piece(index + 1);
  const bool apart = next.is_sign() || next.kind == PieceKind::kVariable;
  // 'a'b: nobody writes this on purpose.
  if (!apart && next.offset == constant.end() && constant.kind == PieceKind::kString) return false;
  return apart || !ends_before_secret(content_of(constant));
}

bool RedactionWalk::name_hides_secret(const Piece& piece) const {
  if (piece.kind != PieceKind::kQuotedName) return false;
  const std::string_view name = text_of(piece);
  return name.find_first_of("'=$") != std::string_view::npos && seems_to_hold_secret(name);
}

void RedactionWalk::follow_brackets(const Piece& piece) {
  const bool mark = piece.kind == PieceKind::kPunctuation || piece.kind == PieceKind::kSemicolon;
  const std::string_view sign = mark ? text_of(piece) : std::string_view();
  if (sign == "(" || sign == "[") {
    ++brackets_;
  } else if (sign == ")" || sign == "]") {
    --brackets_;
  }
  if ((sign == "," && brackets_ <= element_brackets_) || sign == ";" || brackets_ < element_brackets_) {
    in_secret_element_ = false;
  }
}

void RedactionWalk::begin_secret_element() {
  if (in_secret_element_) return;
  in_secret_element_ = true;
  element_brackets_ = brackets_;
}

void RedactionWalk::write(std::string_view text) {
  const Piece& here = piece(at_);
  const bool apart = at_ > 0 && (here.offset > piece(at_ - 1).end() || here.after_comment);
  if (apart && !out_.empty()) out_.push_back(' ');
  out_ += text;
}

std::optional<std::string> redact_front(
    std::string_view text, size_t bytes_max,
    const std::function<std::optional<std::string>(std::string_view front, bool cut)>& redact) {
  const std::string_view front = text.substr(0, std::max(kLookBytesMax, 2 * bytes_max));
  const bool cut = front.size() < text.size();
  std::optional<std::string> out = redact(front, cut);
  if (!out.has_value()) return std::nullopt;
  if (cut || out->size() > bytes_max) {
    const std::string mark = concatenate({" …[cut, ", std::to_string(text.size()), " bytes in all]"});
    out->resize(std::min(out->size(), bytes_max > mark.size() ? bytes_max - mark.size() : 0));
    *out += mark;
  }
  return out;
}

}  // namespace schemaguard::policies
