// RoutinesSeen: which users have called which unproved routines, so that only first uses are audited.
//
// Belongs to one worker: no locks. Holds at most kEntriesMax names of bounded length; when it is full it forgets
// everything and begins again, which costs a record too many and never one too few.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"

namespace schemaguard::proxy {

class RoutinesSeen {
 public:
  static constexpr size_t kEntriesMax = 10'000;

  // `parts` together name one use: server, database, user, routine.
  bool is_first_use(std::initializer_list<std::string_view> parts);

 private:
  absl::flat_hash_set<std::string> seen_;
};

}  // namespace schemaguard::proxy
