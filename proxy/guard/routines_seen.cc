#include "proxy/guard/routines_seen.h"

#include <utility>

namespace schemaguard::proxy {

bool RoutinesSeen::is_first_use(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) {
    key.append(part);
    key.push_back('\0');  // no name holds a NUL, so no two lists make the same key
  }
  if (seen_.size() >= kEntriesMax && !seen_.contains(key)) seen_.clear();
  return seen_.insert(std::move(key)).second;
}

}  // namespace schemaguard::proxy
