#include "proxy/guard/prepared_transactions.h"

#include <utility>

namespace schemaguard::proxy {

void PreparedTransactions::stash(Place place, Statements statements) {
  const std::lock_guard lock(mutex_);
  if (statements_.size() >= kTransactionsMax || order_.size() >= 2 * kTransactionsMax) {
    // Names of what has been taken are dropped together with the oldest that is still there.
    while (!order_.empty()) {
      const bool was_there = statements_.erase(order_.front()) > 0;
      order_.pop_front();
      if (was_there) break;
    }
  }
  order_.push_back(place);
  statements_[std::move(place)] = std::move(statements);
}

std::optional<PreparedTransactions::Statements> PreparedTransactions::take(const Place& place) {
  const std::lock_guard lock(mutex_);
  const auto found = statements_.find(place);
  if (found == statements_.end()) return std::nullopt;
  Statements statements = std::move(found->second);
  statements_.erase(found);
  return statements;
}

size_t PreparedTransactions::size() const {
  const std::lock_guard lock(mutex_);
  return statements_.size();
}

}  // namespace schemaguard::proxy
