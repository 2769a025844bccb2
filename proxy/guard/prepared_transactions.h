// PreparedTransactions: audited statements between PREPARE TRANSACTION and the session that ends it (G52).
//
// Keyed by server, database and gid; the tickets are the audit's names for the statements. At most kTransactionsMax
// are remembered, beyond it the oldest are forgotten: their outcome is then told as unknown. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace schemaguard::proxy {

class PreparedTransactions {
 public:
  static constexpr size_t kTransactionsMax = 10'000;
  using Place = std::tuple<std::string, std::string, std::string>;  // server, database, gid

  void stash(Place place, std::vector<uint64_t> tickets);
  // Empty when nothing is known of it.
  std::vector<uint64_t> take(const Place& place);
  [[nodiscard]] size_t size() const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<Place, std::vector<uint64_t>> tickets_;
  std::deque<Place> order_;  // oldest first; may name what has been taken meanwhile
};

}  // namespace schemaguard::proxy
