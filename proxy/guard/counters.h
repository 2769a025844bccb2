// Counters: what the workers count, without locks and without shared cache lines.
//
// Every worker owns one CounterSet and is its only writer; the admin listener reads all of them at a scrape and adds
// them up. Names are stable (they become schemaguard_<name>_total) and interned once per process. At most
// kCountersMax names exist; a name beyond that is dropped and counted under "counters_dropped".
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace schemaguard::proxy {

class CounterSet {
 public:
  static constexpr size_t kCountersMax = 256;

  // Owner's thread only.
  void add(std::string_view name, uint64_t amount = 1);

 private:
  friend std::vector<std::pair<std::string, uint64_t>> sum_counters(const std::vector<const CounterSet*>& sets);
  std::array<std::atomic<uint64_t>, kCountersMax> values_{};
  absl::flat_hash_map<std::string, size_t> known_;  // this thread's copy of the process-wide table
};

// Every name known so far with its sum, sorted by name. Any thread.
std::vector<std::pair<std::string, uint64_t>> sum_counters(const std::vector<const CounterSet*>& sets);

}  // namespace schemaguard::proxy
