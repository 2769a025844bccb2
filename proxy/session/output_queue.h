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
    if (run_.data() + run_.size() == bytes.data()) {
      run_ = std::string_view(run_.data(), run_.size() + bytes.size());
      return;
    }
    end_run();
    run_ = bytes;
  }

  void own(std::string bytes) {
    if (bytes.empty()) return;
    end_run();
    owned_.push_back(std::move(bytes));
    pieces_.push_back(std::as_bytes(std::span(owned_.back())));
  }

  // Keeps `bytes` alive until the pieces have been taken and written, without writing them: borrowed pieces may
  // point into them.
  std::string_view keep(std::string bytes) {
    owned_.push_back(std::move(bytes));
    return owned_.back();
  }

  [[nodiscard]] bool empty() const { return run_.empty() && pieces_.empty(); }

  Pieces take() {
    Pieces taken;
    if (pieces_.empty()) {  // the usual case
      if (!run_.empty()) taken.push_back(std::as_bytes(std::span(run_)));
      run_ = {};
      return taken;
    }
    end_run();
    taken = std::move(pieces_);
    pieces_.clear();
    return taken;
  }

  // Frees what earlier pieces pointed at; call at the start of a feed, when nothing is waiting to be taken.
  void release_written() {
    if (!owned_.empty() && empty()) {
      owned_.clear();
      owned_.shrink_to_fit();
    }
  }

 private:
  void end_run() {
    if (!run_.empty()) pieces_.push_back(std::as_bytes(std::span(run_)));
    run_ = {};
  }

  Pieces pieces_;
  std::string_view run_;  // borrowed bytes behind `pieces_` that may still grow
  std::deque<std::string> owned_;
};

}  // namespace schemaguard::proxy
