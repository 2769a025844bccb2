#include "proxy/introspect/catalog_look.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "parser/postgres/settings.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::proxy::introspect {

namespace {

using policies::CatalogAnswer;
using policies::CatalogKind;
using policies::CatalogQuestion;
using policies::concatenate;
using policies::LostStatement;
using policies::PathKnowledge;

constexpr std::string_view kOfRelation =
    "JOIN pg_catalog.pg_class c ON c.oid = o.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1::text AND c.relname = $2::text AND o.member = $3::text";

// The rows that are there when the answer is yes. $1 is the schema, $2 the name, $3 the member.
std::string rows_of(CatalogKind kind) {
  const auto in_schema = [](std::string_view table, std::string_view schema, std::string_view name) {
    return concatenate({"pg_catalog.", table, " o JOIN pg_catalog.pg_namespace n ON n.oid = o.", schema,
                        " WHERE n.nspname = $1::text AND o.", name, " = $2::text"});
  };
  const auto by_name = [](std::string_view table, std::string_view name) {
    return concatenate({"pg_catalog.", table, " o WHERE o.", name, " = $2::text"});
  };
  const auto of_relation = [](std::string_view table, std::string_view relation, std::string_view member,
                              std::string_view condition) {
    return concatenate({"(SELECT ", relation, " AS relation, ", member, " AS member FROM pg_catalog.", table, " WHERE ",
                        condition, ") o ", kOfRelation});
  };
  switch (kind) {
    case CatalogKind::kSchema:
      return by_name("pg_namespace", "nspname");
    case CatalogKind::kRelation:
      return in_schema("pg_class", "relnamespace", "relname");
    case CatalogKind::kColumn:
      return of_relation("pg_attribute", "attrelid", "attname", "attnum > 0 AND NOT attisdropped");
    case CatalogKind::kNotNullColumn:
      return of_relation("pg_attribute", "attrelid", "attname", "attnum > 0 AND NOT attisdropped AND attnotnull");
    case CatalogKind::kConstraint:
      return of_relation("pg_constraint", "conrelid", "conname", "true");
    case CatalogKind::kType:
      return concatenate({in_schema("pg_type", "typnamespace", "typname"), " AND o.typisdefined"});
    case CatalogKind::kEnumValue:
      return "pg_catalog.pg_enum o JOIN pg_catalog.pg_type t ON t.oid = o.enumtypid JOIN pg_catalog.pg_namespace n ON "
             "n.oid = t.typnamespace WHERE n.nspname = $1::text AND t.typname = $2::text AND o.enumlabel = $3::text";
    case CatalogKind::kRoutine:
      return in_schema("pg_proc", "pronamespace", "proname");
    case CatalogKind::kTrigger:
      return of_relation("pg_trigger", "tgrelid", "tgname", "NOT tgisinternal");
    case CatalogKind::kPolicy:
      return of_relation("pg_policy", "polrelid", "polname", "true");
    case CatalogKind::kRule:
      return of_relation("pg_rewrite", "ev_class", "rulename", "true");
    case CatalogKind::kStatistics:
      return in_schema("pg_statistic_ext", "stxnamespace", "stxname");
    case CatalogKind::kExtension:
      return by_name("pg_extension", "extname");
    case CatalogKind::kRole:
      return by_name("pg_roles", "rolname");
    case CatalogKind::kPublication:
      return by_name("pg_publication", "pubname");
  }
  return by_name("pg_namespace", "nspname");
}

absl::StatusOr<bool> ask(SideConnection& connection, const std::string& sql,
                         const std::vector<std::string>& parameters) {
  const auto rows = connection.query(sql, parameters);
  if (!rows.ok()) return rows.status();
  if (rows->size() != 1 || rows->front().empty() || !rows->front().front()) {
    return absl::InternalError("the server's answer is not understood");
  }
  return *rows->front().front() == "t";
}

// The search_path that a login gets when nobody has set one: the closest of the settings stored for it, else the
// server's own, as this connection sees it when nothing is stored for the guard's login.
constexpr const char* kDefaultPath = R"(
SELECT coalesce(
  (SELECT substr(c, length('search_path=') + 1)
     FROM pg_catalog.pg_db_role_setting s
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
     LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,
     LATERAL unnest(s.setconfig) AS c
    WHERE c LIKE 'search_path=%' AND (s.setrole = 0 OR r.rolname = $1::text)
      AND (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
    ORDER BY (s.setrole <> 0 AND s.setdatabase <> 0) DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1),
  (SELECT setting FROM pg_catalog.pg_settings
    WHERE name = 'search_path' AND source IN ('default', 'configuration file', 'command line', 'environment variable'))))";

// The schemas of a path that a role would really look in, in order: those that are there and that it may use.
constexpr const char* kUsableSchemas = R"(
SELECT n.nspname
  FROM unnest($1::text[]) WITH ORDINALITY AS p(schema, place)
  JOIN pg_catalog.pg_namespace n ON n.nspname = p.schema
  JOIN pg_catalog.pg_roles r ON r.rolname = $2::text
 WHERE pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
 ORDER BY p.place)";

// Where the unqualified names of a statement lead. Empty: nobody can tell.
absl::StatusOr<std::vector<std::string>> schemas_of(SideConnection& connection, const std::string& user,
                                                    const LostStatement& statement) {
  const std::string& role = statement.role.empty() ? user : statement.role;
  std::vector<std::string> path = statement.names.search_path;
  if (statement.path == PathKnowledge::kUnknown) return std::vector<std::string>();
  if (statement.path == PathKnowledge::kDefault) {
    const auto rows = connection.query(kDefaultPath, {user});
    if (!rows.ok()) return rows.status();
    if (rows->size() != 1 || rows->front().empty() || !rows->front().front()) return std::vector<std::string>();
    path = parser::postgres::split_search_path(*rows->front().front());
    for (std::string& element : path) {
      if (element == "$user") element = role;
    }
  }
  // With a system schema named in the path, more than these schemas is looked in, and in another order.
  if (std::any_of(path.begin(), path.end(), [](const std::string& one) { return one.starts_with("pg_"); })) {
    return std::vector<std::string>();
  }
  const auto rows = connection.query(kUsableSchemas, {array_literal(path), role});
  if (!rows.ok()) return rows.status();
  std::vector<std::string> schemas;
  for (const SideConnection::Row& row : *rows) {
    if (std::find(schemas.begin(), schemas.end(), *row.front()) == schemas.end()) schemas.push_back(*row.front());
  }
  return schemas;
}

// What is made goes into the first schema; which one an existing name was found in is clear when there is only one.
std::optional<std::string> schema_of(const CatalogQuestion& question, const std::vector<std::string>& schemas) {
  if (schemas.empty() || (schemas.size() > 1 && !question.makes_name)) return std::nullopt;
  return schemas.front();
}

absl::StatusOr<policies::CatalogAnswers> ask_all(SideConnection& connection, const policies::LostTransaction& lost,
                                                 const std::vector<CatalogQuestion>& questions) {
  policies::CatalogAnswers answers;
  std::optional<size_t> resolved;  // the statement whose names `schemas` is for
  std::vector<std::string> schemas;
  for (const CatalogQuestion& question : questions) {
    std::string schema = question.schema;
    if (schema.empty() && policies::stands_in_schema(question.kind)) {
      if (resolved != question.statement) {
        auto found = schemas_of(connection, lost.session->user, lost.statements[question.statement]);
        if (!found.ok()) return found.status();
        schemas = *std::move(found);
        resolved = question.statement;
      }
      const std::optional<std::string> one = schema_of(question, schemas);
      if (!one) {
        answers.answers.push_back(CatalogAnswer::kUndecided);
        continue;
      }
      schema = *one;
    }
    const auto there =
        ask(connection,
            concatenate({"SELECT EXISTS (SELECT 1 FROM ", rows_of(question.kind),
                         ") AND $1::text IS NOT NULL AND $2::text IS NOT NULL AND $3::text IS NOT NULL"}),
            {schema, question.name, question.member});
    if (!there.ok()) return there.status();
    answers.answers.push_back(*there ? CatalogAnswer::kThere : CatalogAnswer::kAbsent);
  }
  const auto triggers =
      ask(connection, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')", {});
  if (!triggers.ok()) return triggers.status();
  answers.event_triggers = *triggers;
  return answers;
}

}  // namespace

absl::StatusOr<bool> is_standby(SideConnection& connection) {
  return ask(connection, "SELECT pg_catalog.pg_is_in_recovery()", {});
}

absl::StatusOr<bool> backend_is_there(SideConnection& connection, const policies::LostTransaction& lost,
                                      std::string& first_look) {
  if (first_look.empty()) {
    const auto now = connection.query("SELECT pg_catalog.clock_timestamp()::text");
    if (!now.ok()) return now.status();
    if (now->size() != 1 || !now->front().front()) return absl::InternalError("the server does not tell the time");
    first_look = *now->front().front();
  }
  return ask(
      connection,
      "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1::int AND usename = $2::text AND "
      "datname = $3::text AND coalesce(backend_start <= $4::timestamptz, true))",
      {std::to_string(static_cast<int32_t>(lost.process_id)), lost.session->user, lost.session->database, first_look});
}

absl::StatusOr<bool> transaction_is_prepared(SideConnection& connection, const policies::LostTransaction& lost) {
  return ask(connection,
             "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_prepared_xacts WHERE gid = $1::text AND database = $2::text)",
             {lost.gid, lost.session->database});
}

absl::StatusOr<policies::CatalogAnswers> ask_catalog(SideConnection& connection, const policies::LostTransaction& lost,
                                                     const std::vector<CatalogQuestion>& questions) {
  const auto begun = connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun.ok()) return begun.status();
  auto answers = ask_all(connection, lost, questions);
  if (!answers.ok()) return answers;
  const auto ended = connection.query("COMMIT");
  if (!ended.ok()) return ended.status();
  return answers;
}

}  // namespace schemaguard::proxy::introspect
