// OutputQueue: what a session wants written on one leg, as pieces that mostly point into the bytes just fed.
//
// Borrowed bytes must stay valid until the taken pieces have been written; owned bytes do until release_written().
// Adjacent borrowed ranges become one piece, so a burst of forwarded messages is one write.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/session/wire_session.h"

namespace schemaguard::proxy {

class OutputQueue {
 public:
  void borrow(std::string_view bytes) {
    if (bytes.empty()) return;
    const Bytes piece = std::as_bytes(std::span(bytes.data(), bytes.size()));
    if (!pieces_.empty() && last_is_borrowed_ && pieces_.back().data() + pieces_.back().size() == piece.data()) {
      pieces_.back() = Bytes(pieces_.back().data(), pieces_.back().size() + piece.size());
      return;
    }
    pieces_.push_back(piece);
    last_is_borrowed_ = true;
  }

  void own(std::string bytes) {
    if (bytes.empty()) return;
    owned_.push_back(std::move(bytes));
    pieces_.push_back(std::as_bytes(std::span(owned_.back().data(), owned_.back().size())));
    last_is_borrowed_ = false;
  }

  // Keeps `bytes` alive until the pieces have been taken and written, without writing them: borrowed pieces may
  // point into them.
  std::string_view keep(std::string bytes) {
    owned_.push_back(std::move(bytes));
    return owned_.back();
  }

  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  Pieces take() {
    Pieces taken = std::move(pieces_);
    pieces_.clear();
    return taken;
  }

  // Frees what earlier pieces pointed at; call at the start of a feed, when nothing is waiting to be taken.
  void release_written() {
    if (pieces_.empty() && !owned_.empty()) {
      owned_.clear();
      owned_.shrink_to_fit();
    }
  }

 private:
  Pieces pieces_;
  std::deque<std::string> owned_;
  bool last_is_borrowed_ = false;
};

}  // namespace schemaguard::proxy
