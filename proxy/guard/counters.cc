#include "proxy/guard/counters.h"

#include <algorithm>
#include <mutex>

namespace schemaguard::proxy {
namespace {

constexpr std::string_view kDropped = "counters_dropped";

struct NameTable {
  std::mutex mutex;
  std::vector<std::string> names{std::string(kDropped)};
};

NameTable& name_table() {
  static NameTable table;
  return table;
}

size_t intern(std::string_view name) {
  NameTable& table = name_table();
  const std::lock_guard lock(table.mutex);
  const auto found = std::find(table.names.begin(), table.names.end(), name);
  if (found != table.names.end()) return static_cast<size_t>(found - table.names.begin());
  if (table.names.size() == CounterSet::kCountersMax) return 0;
  table.names.emplace_back(name);
  return table.names.size() - 1;
}

}  // namespace

void CounterSet::add(std::string_view name, uint64_t amount) {
  auto known = known_.find(absl::string_view(name.data(), name.size()));
  if (known == known_.end()) known = known_.emplace(std::string(name), intern(name)).first;
  // One writer: a load and a store are enough and need no locked instruction.
  std::atomic<uint64_t>& value = values_.at(known->second);
  value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

std::vector<std::pair<std::string, uint64_t>> sum_counters(const std::vector<const CounterSet*>& sets) {
  std::vector<std::string> names;
  {
    NameTable& table = name_table();
    const std::lock_guard lock(table.mutex);
    names = table.names;
  }
  std::vector<std::pair<std::string, uint64_t>> sums;
  for (size_t i = 0; i < names.size(); ++i) {
    uint64_t sum = 0;
    for (const CounterSet* set : sets) sum += set->values_.at(i).load(std::memory_order_relaxed);
    sums.emplace_back(std::move(names[i]), sum);
  }
  std::sort(sums.begin(), sums.end());
  return sums;
}

}  // namespace schemaguard::proxy
