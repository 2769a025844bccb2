// PreparedStatements: what the ids of COM_STMT_PREPARE stand for, as the server has confirmed them.
//
// Ids that the server never gave out are unknown: an execution of one is refused (mysql-wire 38). Bounded by the
// caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "proxy/mysql/pending_commands.h"

namespace schemaguard::proxy::mysql {

class PreparedStatements {
 public:
  // `prepared` null: harmless.
  void add(uint32_t id, PreparedRef prepared) {
    remove(id);
    if (prepared) text_bytes_ += prepared->text.size();
    by_id_[id] = std::move(prepared);
    last_ = id;
  }
  void remove(uint32_t id) {
    const auto known = by_id_.find(id);
    if (known == by_id_.end()) return;
    if (known->second) text_bytes_ -= known->second->text.size();
    by_id_.erase(known);
    if (by_id_.empty() && by_id_.capacity() > 64) decltype(by_id_)().swap(by_id_);
  }
  void clear() {
    decltype(by_id_)().swap(by_id_);
    text_bytes_ = 0;
    last_.reset();
  }
  // Null when the id is not known; points to a null reference when it is harmless. Valid until the next change.
  [[nodiscard]] const PreparedRef* find(uint32_t id) const {
    const auto known = by_id_.find(id);
    return known == by_id_.end() ? nullptr : &known->second;
  }
  // What the last successful COM_STMT_PREPARE gave, closed since or not.
  [[nodiscard]] std::optional<uint32_t> last() const { return last_; }
  [[nodiscard]] size_t size() const { return by_id_.size(); }
  [[nodiscard]] size_t text_bytes() const { return text_bytes_; }

 private:
  absl::flat_hash_map<uint32_t, PreparedRef> by_id_;
  size_t text_bytes_ = 0;
  std::optional<uint32_t> last_;
};

}  // namespace schemaguard::proxy::mysql
