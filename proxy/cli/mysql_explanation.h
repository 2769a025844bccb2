// MySQL explanation: explain() for MySQL and MariaDB.
//
// A statement is judged by the rules of every database that it touches, and carries its effects on names (USE,
// temporary tables) to the next, as in a session. Pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/cli/explanation.h"

namespace schemaguard::proxy {

struct MysqlCircumstances {
  parser::mysql::ReadingState reading;  // before the text
  std::string database;                 // the default one; empty: none
  policies::NameCase name_case = policies::NameCase::kUnknown;
};

// The policy of a database by its name, which is empty when no database is meant; never null.
using PolicyOf = std::function<const policies::Policy&(std::string_view database)>;

// `facts` were read from a text.
Explanation explain_mysql(const parser::TextFacts& facts, const PolicyOf& policy_of, policies::Subject subject,
                          const MysqlCircumstances& circumstances);

}  // namespace schemaguard::proxy
