// The databases that belong to the server itself: what is written there is a catalog write, however harmless it looks.
#pragma once

#include <string_view>

#include "parser/words.h"

namespace schemaguard::parser::mysql {

// `name` without quotes. Case never counts: a spelling that the server would not take for one of them only makes a
// statement be read with more care.
inline bool is_system_database(std::string_view name) {
  switch (name.size()) {
    case 3:
      return equals_ignoring_case(name, "sys");
    case 5:
      return equals_ignoring_case(name, "mysql");
    case 18:
      return equals_ignoring_case(name, "information_schema") || equals_ignoring_case(name, "performance_schema");
    default:
      return false;
  }
}

}  // namespace schemaguard::parser::mysql
