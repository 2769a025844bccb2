// PreparedTransactions: audited statements between PREPARE TRANSACTION and the session that ends it (G52).
//
// Keyed by server, database and gid. At most kTransactionsMax are remembered, beyond it the oldest are forgotten: their
// end is then recorded without naming their statements. Those of an earlier process are read from the end of the audit
// (proxy/audit/prepared_tail.h). Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "policies/settlement/lost_transaction.h"

namespace schemaguard::proxy {

class PreparedTransactions {
 public:
  static constexpr size_t kTransactionsMax = 10'000;
  using Place = std::tuple<std::string, std::string, std::string>;  // server, database, gid

  using Statements = std::vector<policies::LostStatement>;

  void stash(Place place, Statements statements);
  // nullopt: nothing is known of it.
  std::optional<Statements> take(const Place& place);
  [[nodiscard]] size_t size() const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<Place, Statements> statements_;
  std::deque<Place> order_;  // oldest first; may name what has been taken meanwhile
};

}  // namespace schemaguard::proxy
