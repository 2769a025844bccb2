#include "proxy/introspect/mysql_catalog_look.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "absl/strings/numbers.h"
#include "parser/words.h"

namespace schemaguard::proxy::introspect {

namespace {

using parser::equals_ignoring_case;
using policies::CatalogAnswer;
using policies::MysqlQuestion;
using policies::MysqlThing;
using policies::NameCase;
using Rows = MysqlSideConnection::Rows;

// The servers' dates have whole seconds.
constexpr absl::Duration kDateGrain = absl::Seconds(1);

absl::Status not_understood() { return absl::InternalError("the server's answer is not understood"); }

absl::StatusOr<std::string> ask_one(MysqlSideConnection& connection, std::string_view sql, size_t column = 0) {
  const auto rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  if (rows->size() != 1 || rows->front().size() <= column || !rows->front()[column]) return not_understood();
  return *rows->front()[column];
}

// Columns of every answer: number of the question, database, object, member, age in microseconds.
std::string age_of(std::string_view column) { return fmt::format("TIMESTAMPDIFF(MICROSECOND, {}, NOW(6))", column); }

// What stands in a database, by views of information_schema that name it in the same way.
std::string rows_in_database(std::string_view view, std::string_view kind, std::string_view created,
                             const std::string& database, const std::string& name) {
  return fmt::format(
      "{0}_SCHEMA, {0}_NAME, '', {1} FROM information_schema.{2} WHERE {0}_SCHEMA = {3} AND {0}_NAME = {4}", kind,
      age_of(created), view, database, name);
}

// What belongs to a table bears the date of that.
std::string rows_of_table(std::string_view view, std::string_view column, const std::string& database,
                          const std::string& name, const std::string& member) {
  return fmt::format(
      "o.TABLE_SCHEMA, o.TABLE_NAME, o.{0}, (SELECT {1} FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = {2} "
      "AND "
      "t.TABLE_NAME = {3} LIMIT 1) FROM information_schema.{4} o WHERE o.TABLE_SCHEMA = {2} AND o.TABLE_NAME = {3} AND "
      "o.{0} = {5}",
      column, age_of("t.CREATE_TIME"), database, name, view, member);
}

std::string rows_of(const MysqlQuestion& question) {
  const std::string database = mysql_literal(question.database);
  const std::string name = mysql_literal(question.name);
  const std::string member = mysql_literal(question.member);
  switch (question.thing) {
    case MysqlThing::kDatabase:
      return fmt::format("SCHEMA_NAME, '', '', NULL FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}", database);
    case MysqlThing::kTable:
      return rows_in_database("TABLES", "TABLE", "CREATE_TIME", database, name);
    case MysqlThing::kColumn:
      return rows_of_table("COLUMNS", "COLUMN_NAME", database, name, member);
    case MysqlThing::kIndex:
      return rows_of_table("STATISTICS", "INDEX_NAME", database, name, member);
    case MysqlThing::kConstraint:
      return rows_of_table("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", database, name, member);
    case MysqlThing::kProcedure:
      return rows_in_database("ROUTINES", "ROUTINE", "CREATED", database, name) + " AND ROUTINE_TYPE = 'PROCEDURE'";
    case MysqlThing::kFunction:
      return rows_in_database("ROUTINES", "ROUTINE", "CREATED", database, name) + " AND ROUTINE_TYPE = 'FUNCTION'";
    case MysqlThing::kTrigger:
      return rows_in_database("TRIGGERS", "TRIGGER", "CREATED", database, member);
    case MysqlThing::kEvent:
      return rows_in_database("EVENTS", "EVENT", "CREATED", database, name);
  }
  return {};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

enum class Same : uint8_t { kYes, kNo, kMaybe };

// Letters beyond ASCII: the collation of information_schema finds more alike than the server does.
Same same_name(std::string_view found, std::string_view asked, NameCase name_case) {
  if (found == asked) return Same::kYes;
  if (!is_ascii(found) || !is_ascii(asked)) return name_case == NameCase::kExact ? Same::kNo : Same::kMaybe;
  return name_case != NameCase::kExact && equals_ignoring_case(found, asked) ? Same::kYes : Same::kNo;
}

Same row_is_about(const MysqlSideConnection::Row& row, const MysqlQuestion& question, NameCase name_case) {
  const bool of_trigger = question.thing == MysqlThing::kTrigger;
  const bool as_tables = question.thing == MysqlThing::kTable || of_trigger || !question.member.empty();
  Same same = same_name(row[1].value_or(""), question.database, name_case);
  const auto narrow = [&same](Same other) {
    same = same == Same::kNo || other == Same::kNo ? Same::kNo : std::max(same, other);
  };
  if (question.thing == MysqlThing::kDatabase) return same;
  narrow(same_name(row[2].value_or(""), of_trigger ? question.member : question.name,
                   as_tables ? name_case : NameCase::kFolded));
  if (!of_trigger && !question.member.empty()) {
    narrow(same_name(row[3].value_or(""), question.member, NameCase::kFolded));
  }
  return same;
}

// One privilege of each row lets a login see things of these kinds, whatever else it may do with them.
struct Sees {
  MysqlThing thing;
  std::initializer_list<std::string_view> privileges;
  std::string_view advice;
};
const Sees needed_privileges[] = {
    {MysqlThing::kDatabase, {"SHOW DATABASES", "SHOW VIEW", "SELECT"}, "SHOW VIEW"},
    {MysqlThing::kTable, {"SHOW VIEW", "SELECT", "REFERENCES"}, "SHOW VIEW"},
    {MysqlThing::kColumn, {"REFERENCES", "SELECT"}, "REFERENCES"},
    {MysqlThing::kIndex, {"SHOW VIEW", "SELECT", "REFERENCES"}, "SHOW VIEW"},
    {MysqlThing::kConstraint, {"SHOW VIEW", "REFERENCES"}, "SHOW VIEW"},
    {MysqlThing::kProcedure, {"EXECUTE"}, "EXECUTE"},
    {MysqlThing::kFunction, {"EXECUTE"}, "EXECUTE"},
    {MysqlThing::kTrigger, {"TRIGGER"}, "TRIGGER"},
    {MysqlThing::kEvent, {"EVENT"}, "EVENT"},
};

constexpr std::string_view kOwnGrants =
    "SELECT PRIVILEGE_TYPE, NULL FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = CONCAT('''', "
    "SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') UNION ALL "
    "SELECT PRIVILEGE_TYPE, TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = CONCAT('''', "
    "SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')";

// A grant on a database is a pattern; one that is only its name is understood.
bool grants(const MysqlSideConnection::Row& row, std::string_view privilege, std::string_view database) {
  if (row.size() != 2 || row[0] != privilege) return false;
  if (!row[1]) return true;
  std::string pattern = *row[1];
  if (pattern == database) return true;
  std::erase(pattern, '\\');
  return pattern == database;
}

}  // namespace

absl::StatusOr<bool> is_read_only(MysqlSideConnection& connection) {
  const auto answer = ask_one(connection, "SELECT @@global.read_only");
  if (!answer.ok()) return answer.status();
  return *answer != "0" && *answer != "OFF";
}

absl::StatusOr<NameCase> ask_name_case(MysqlSideConnection& connection) {
  const auto answer = ask_one(connection, "SELECT @@global.lower_case_table_names");
  if (!answer.ok()) return answer.status();
  return *answer == "0" ? NameCase::kExact : NameCase::kFolded;
}

absl::StatusOr<std::string> missing_grants(MysqlSideConnection& connection,
                                           const std::vector<MysqlQuestion>& questions) {
  const auto own = connection.query(kOwnGrants);
  if (!own.ok()) return own.status();
  const auto has = [&own](std::string_view privilege, std::string_view database) {
    return std::any_of(own->begin(), own->end(), [&](const auto& row) { return grants(row, privilege, database); });
  };
  std::vector<std::string_view> missing;
  const auto miss = [&missing](std::string_view privilege) {
    if (std::find(missing.begin(), missing.end(), privilege) == missing.end()) missing.push_back(privilege);
  };
  if (!has("PROCESS", "")) miss("PROCESS");
  for (const MysqlQuestion& question : questions) {
    const Sees* const row = std::find_if(std::begin(needed_privileges), std::end(needed_privileges),
                                         [&](const Sees& sees) { return sees.thing == question.thing; });
    const bool sees = std::any_of(row->privileges.begin(), row->privileges.end(),
                                  [&](std::string_view privilege) { return has(privilege, question.database); });
    if (!sees) miss(row->advice);
  }
  if (missing.empty()) return std::string();
  return fmt::format("the guard's login may not see enough: grant it {} ON *.*", fmt::join(missing, ", "));
}

absl::StatusOr<bool> connection_is_there(MysqlSideConnection& connection, const policies::LostTransaction& lost,
                                         absl::Duration elapsed) {
  const auto up = ask_one(connection, "SHOW GLOBAL STATUS LIKE 'Uptime'", 1);
  if (!up.ok()) return up.status();
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(*up, &seconds)) return not_understood();
  if (absl::Seconds(seconds) + 2 * kDateGrain < elapsed) return false;
  const auto count = ask_one(
      connection, fmt::format("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {}", lost.process_id));
  if (!count.ok()) return count.status();
  return *count != "0";
}

absl::StatusOr<std::vector<MysqlSight>> ask_mysql_catalog(MysqlSideConnection& connection,
                                                          const std::vector<MysqlQuestion>& questions,
                                                          absl::Duration elapsed) {
  std::vector<MysqlSight> sights(questions.size());
  if (questions.empty()) return sights;
  std::vector<std::string> parts = {"SELECT 'names', @@global.lower_case_table_names, '', '', NULL"};
  for (size_t number = 0; number < questions.size(); ++number) {
    parts.push_back(fmt::format("SELECT '{}', {}", number, rows_of(questions[number])));
  }
  const auto rows = connection.query(fmt::format("{}", fmt::join(parts, " UNION ALL ")));
  if (!rows.ok()) return rows.status();
  const auto names = std::find_if(rows->begin(), rows->end(), [](const auto& row) { return row[0] == "names"; });
  if (names == rows->end()) return not_understood();
  const NameCase name_case = (*names)[1] == "0" ? NameCase::kExact : NameCase::kFolded;
  for (MysqlSight& sight : sights) sight.there = CatalogAnswer::kAbsent;
  for (const MysqlSideConnection::Row& row : *rows) {
    size_t number = 0;
    if (row[0] == "names") continue;
    if (!absl::SimpleAtoi(row[0].value_or(""), &number) || number >= questions.size()) return not_understood();
    MysqlSight& sight = sights[number];
    switch (row_is_about(row, questions[number], name_case)) {
      case Same::kYes: {
        sight.there = CatalogAnswer::kThere;
        int64_t age = 0;
        // A date in the future is none: somebody has turned the clock back.
        const bool dated = row[4] && absl::SimpleAtoi(*row[4], &age) && age >= 0;
        sight.dated_since = dated && absl::Microseconds(age) <= elapsed + kDateGrain;
        break;
      }
      case Same::kMaybe:
        if (sight.there == CatalogAnswer::kAbsent) sight.there = CatalogAnswer::kUndecided;
        break;
      case Same::kNo:
        break;
    }
  }
  return sights;
}

}  // namespace schemaguard::proxy::introspect
