// SessionNames: what a session knows about names, in one layer (confirmed or in flight), and what follows for a
// statement before any rule is tried.
//
// Engines differ in three ways. PostgreSQL looks for an unqualified name in the schemas of search_path, keeps temporary
// objects in a schema of their own and compares names byte by byte. MySQL and MariaDB resolve it to the default
// database, hide a table behind a temporary one of the same database and name, qualified or not (evasion M30), and
// compare the names of databases, tables and triggers as lower_case_table_names says (evasion M46), those of routines,
// events, columns and indexes never by case. Values; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"

namespace schemaguard::policies {

// How the server compares the names of databases and tables.
enum class NameCase : uint8_t {
  kExact,    // PostgreSQL; MySQL with lower_case_table_names=0
  kFolded,   // 1 and 2
  kUnknown,  // either: a rule that refuses matches in any case, a rule that lifts exactly
};

struct SessionNames {
  // Unqualified and pg_temp names of this session's temporary objects, folded and clipped. MySQL: with their database,
  // "shop.t".
  std::vector<std::string> temporary;
  // False after an unanswered or opaque statement: a name outside `temporary` might be temporary, one inside it might
  // be gone. Then every kByName object is taken as the persistent one.
  bool temporary_certain = true;
  // Elements of search_path as confirmed; "$user" is expanded by the session. Used to print and to match rules. MySQL:
  // the default database alone.
  std::vector<std::string> search_path = {"public"};
  bool search_path_certain = false;
  // The path begins with "$user" and goes on: such a schema often does not exist, so a name is not printed with it.
  bool user_schema_in_front = false;
  bool of_mysql = false;
  NameCase name_case = NameCase::kExact;
};

// The names of a MySQL session without temporary tables. An empty `default_database` is one that was not chosen or is
// not known.
SessionNames mysql_session_names(std::string_view default_database, NameCase name_case);

// MySQL: whether an unqualified name may stand for a table of the server's own databases. Such a session's writes are
// catalog writes, harmless as their text looks: nothing of it passes unseen.
bool in_system_database(const SessionNames& names);

// The stable word for the audit, "" for kExact; and back (a word that is not known counts as unknown).
std::string_view name_case_word(NameCase name_case);
NameCase name_case_from_word(std::string_view word);

// MySQL: the databases whose rules a statement is to be judged by, because any session may name any database: the
// default one first ("" when there is none), then every other one that a change, an object or a written table names.
// Where case does not count, or may not, they are in lower case. More than kTouchedDatabasesMax: empty, and the
// statement has to count as unread.
inline constexpr size_t kTouchedDatabasesMax = 16;
std::vector<std::string> touched_databases(const parser::StatementFacts& facts, const SessionNames& names);

}  // namespace schemaguard::policies
