#include "proxy/guard/prepared_transactions.h"

#include <utility>

namespace schemaguard::proxy {

void PreparedTransactions::stash(Place place, std::vector<uint64_t> tickets) {
  const std::lock_guard lock(mutex_);
  if (tickets_.size() >= kTransactionsMax || order_.size() >= 2 * kTransactionsMax) {
    // Names of what has been taken are dropped together with the oldest that is still there.
    while (!order_.empty()) {
      const bool was_there = tickets_.erase(order_.front()) > 0;
      order_.pop_front();
      if (was_there) break;
    }
  }
  order_.push_back(place);
  tickets_[std::move(place)] = std::move(tickets);
}

std::vector<uint64_t> PreparedTransactions::take(const Place& place) {
  const std::lock_guard lock(mutex_);
  const auto found = tickets_.find(place);
  if (found == tickets_.end()) return {};
  std::vector<uint64_t> tickets = std::move(found->second);
  tickets_.erase(found);
  return tickets;
}

size_t PreparedTransactions::size() const {
  const std::lock_guard lock(mutex_);
  return tickets_.size();
}

}  // namespace schemaguard::proxy
