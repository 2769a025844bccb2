#include "parser/mysql/implicit_commit.h"

#include <algorithm>
#include <string_view>

namespace schemaguard::parser::mysql {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// CREATE and DROP with TEMPORARY written; ALTER and TRUNCATE of a temporary table commit.
bool is_temporary_table(const StatementFacts& facts) {
  return is_one_of(facts.command, {"CREATE TABLE", "DROP TABLE"}) && !facts.classes.has(StatementClass::kSchema);
}

}  // namespace

bool commits_implicitly(const StatementFacts& facts, Flavour flavour) {
  if (is_temporary_table(facts)) return false;
  const std::string_view command = facts.command;
  const std::string_view first = command.substr(0, command.find(' '));
  if (is_one_of(first, {"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "FLUSH", "RESET", "BACKUP",
                        "INSTALL", "UNINSTALL", "IMPORT"})) {
    return true;
  }
  if (is_one_of(command, {"SET PASSWORD", "SET DEFAULT ROLE", "LOCK TABLES", "ANALYZE TABLE", "OPTIMIZE TABLE",
                          "REPAIR TABLE", "CHECK TABLE", "START TRANSACTION"})) {
    return true;
  }
  if (flavour == Flavour::kMySql && is_one_of(command, {"START", "STOP", "CHANGE", "CACHE", "LOAD"})) return true;
  if (facts.prepared != PreparedUse::kNone) return false;
  return std::any_of(facts.inner.begin(), facts.inner.end(),
                     [](const StatementFacts& inner) { return inner.implicit_commit; });
}

}  // namespace schemaguard::parser::mysql
