#include "policies/rules/session_names.h"

#include <algorithm>

#include "parser/mysql/system_databases.h"
#include "parser/words.h"

namespace schemaguard::policies {
namespace {

using parser::Change;
using parser::ObjectKind;
using parser::ObjectUse;

class DatabaseList {
 public:
  explicit DatabaseList(NameCase name_case) : folds_(name_case != NameCase::kExact) {}

  void add(std::string_view name) {
    std::string one = folds_ ? parser::to_lower(name) : std::string(name);
    if (names_.size() > kTouchedDatabasesMax || std::find(names_.begin(), names_.end(), one) != names_.end()) return;
    names_.push_back(std::move(one));
  }

  void add(const ObjectUse& use) {
    if (!use.name.schema.empty()) add(use.name.schema);
    if (use.kind == ObjectKind::kDatabase && !use.name.name.empty()) add(use.name.name);
  }

  [[nodiscard]] std::vector<std::string> take() {
    if (names_.size() > kTouchedDatabasesMax) names_.clear();
    return std::move(names_);
  }

 private:
  bool folds_;
  std::vector<std::string> names_;
};

}  // namespace

SessionNames mysql_session_names(std::string_view default_database, NameCase name_case) {
  SessionNames names;
  names.of_mysql = true;
  names.name_case = name_case;
  names.search_path.clear();
  names.search_path_certain = !default_database.empty();
  if (names.search_path_certain) names.search_path.emplace_back(default_database);
  return names;
}

bool in_system_database(const SessionNames& names) {
  return names.of_mysql &&
         std::any_of(names.search_path.begin(), names.search_path.end(), parser::mysql::is_system_database);
}

std::string_view name_case_word(NameCase name_case) {
  switch (name_case) {
    case NameCase::kExact:
      return "";
    case NameCase::kFolded:
      return "folded";
    case NameCase::kUnknown:
      return "unknown";
  }
  return "unknown";
}

NameCase name_case_from_word(std::string_view word) {
  if (word.empty()) return NameCase::kExact;
  return word == name_case_word(NameCase::kFolded) ? NameCase::kFolded : NameCase::kUnknown;
}

std::vector<std::string> touched_databases(const parser::StatementFacts& facts, const SessionNames& names) {
  DatabaseList databases(names.name_case);
  databases.add(names.search_path_certain && !names.search_path.empty() ? std::string_view(names.search_path.front())
                                                                        : std::string_view());
  for (const Change& change : facts.changes) {
    databases.add(change.object);
    if (change.relation) databases.add(*change.relation);
    if (const size_t dot = change.new_name.find('.'); dot != std::string::npos) {
      databases.add(std::string_view(change.new_name).substr(0, dot));
    }
  }
  for (const auto* uses : {&facts.objects, &facts.written}) {
    for (const ObjectUse& use : *uses) databases.add(use);
  }
  return databases.take();
}

}  // namespace schemaguard::policies
