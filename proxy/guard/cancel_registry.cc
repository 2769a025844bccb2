#include "proxy/guard/cancel_registry.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace schemaguard::proxy {
namespace {

// The length of a secret is no secret: it follows from the protocol version.
bool same_secret(const std::string& left, const std::string& right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

void CancelRegistry::add(const CancelKey& key, CancelTarget target) {
  const std::lock_guard lock(mutex_);
  entries_[Place{key.process_id, key.listener}].push_back(Entry{.secret = key.secret, .target = std::move(target)});
}

void CancelRegistry::remove(const CancelKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(Place{key.process_id, key.listener});
  if (found == entries_.end()) return;
  std::vector<Entry>& entries = found->second;
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&key](const Entry& candidate) { return same_secret(candidate.secret, key.secret); });
  if (entry != entries.end()) entries.erase(entry);
  if (entries.empty()) entries_.erase(found);
}

std::optional<CancelTarget> CancelRegistry::find(const CancelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(Place{key.process_id, key.listener});
  if (found == entries_.end()) return std::nullopt;
  for (const Entry& entry : found->second) {
    if (same_secret(entry.secret, key.secret)) return entry.target;
  }
  return std::nullopt;
}

size_t CancelRegistry::size() const {
  const std::lock_guard lock(mutex_);
  size_t sum = 0;
  for (const auto& [place, entries] : entries_) sum += entries.size();
  return sum;
}

}  // namespace schemaguard::proxy
