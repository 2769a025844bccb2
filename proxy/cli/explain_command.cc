#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/time/clock.h"
#include "parser/mysql/statement_reader.h"
#include "proxy/cli/commands.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/mysql_explanation.h"
#include "proxy/cli/named_database.h"
#include "proxy/cli/read_text.h"

namespace schemaguard::proxy {
namespace {

struct ExplainOptions {
  std::string engine, config_file, database, format = "text", search_path, sql;
  std::string server_version, sql_mode, character_set, name_case;
  policies::Subject subject;
};

int fail(std::string_view message) {
  std::cerr << "schemaguard explain: " << message << '\n';
  return 1;
}

// What MySQL's flags say; what they do not say is read in every way where it makes a difference.
absl::StatusOr<MysqlCircumstances> mysql_circumstances(const ExplainOptions& options, const NamedDatabase& database) {
  MysqlCircumstances circumstances;
  circumstances.database = database.name;
  parser::mysql::ReadingState& reading = circumstances.reading;
  if (!options.server_version.empty() && !parser::mysql::apply_server_version(options.server_version, reading)) {
    return absl::InvalidArgumentError("--server-version does not read like 8.4.3 or 10.11.6-MariaDB");
  }
  if (!options.sql_mode.empty()) parser::mysql::apply_sql_mode(options.sql_mode, reading);
  if (!options.character_set.empty()) {
    reading.character_set = parser::mysql::character_set_by_name(options.character_set);
    if (reading.character_set == parser::mysql::CharacterSet::kUnknown) {
      return absl::InvalidArgumentError("--character-set: no such character set");
    }
  }
  if (!options.name_case.empty()) {
    circumstances.name_case = options.name_case == "0" ? policies::NameCase::kExact : policies::NameCase::kFolded;
  }
  return circumstances;
}

absl::StatusOr<Explanation> explain_for_mysql(const ExplainOptions& options, const NamedDatabase& database) {
  const absl::StatusOr<MysqlCircumstances> circumstances = mysql_circumstances(options, database);
  if (!circumstances.ok()) return circumstances.status();
  parser::mysql::ReadingState reading = circumstances->reading;
  const parser::TextFacts facts =
      parser::mysql::read_statements(options.sql, reading, {.statements_max = database.limits.statements_max});
  const PolicyOf policy_of = [&](std::string_view name) -> const policies::Policy& {
    return name.empty() || database.server_config == nullptr ? *database.policy
                                                             : *database.server_config->database(name).policy;
  };
  return explain_mysql(facts, policy_of, options.subject, *circumstances);
}

absl::StatusOr<Explanation> explain_for_postgres(const ExplainOptions& options, const NamedDatabase& database) {
  const absl::StatusOr<parser::TextFacts> facts = read_text(options.sql, {}, database.limits);
  if (!facts.ok()) return facts.status();
  return explain(options.sql, *facts, *database.policy, options.subject, options.search_path);
}

int explain_text(ExplainOptions options) {
  if (options.sql == "-") options.sql.assign(std::istreambuf_iterator<char>(std::cin), {});
  const absl::StatusOr<NamedDatabase> database = find_database(options.config_file, options.database, options.engine);
  if (!database.ok()) return fail(std::string(database.status().message()));
  options.subject.database = database->name;
  options.subject.now = absl::Now();
  const absl::StatusOr<Explanation> explanation =
      database->engine == "mysql" ? explain_for_mysql(options, *database) : explain_for_postgres(options, *database);
  if (!explanation.ok()) return fail(std::string(explanation.status().message()));
  std::cout << (options.format == "json" ? explanation_json(*explanation) : explanation_text(*explanation)) << '\n';
  return exit_status(*explanation);
}

}  // namespace

void add_explain_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("explain", "Show how the guard reads SQL and what it would do with it");
  auto options = std::make_shared<ExplainOptions>();
  command
      ->add_option("--engine", options->engine,
                   "postgresql (default) or mysql (MariaDB included); with --config the server's")
      ->check(CLI::IsMember({"postgresql", "mysql"}));
  command->add_option("--server-version", options->server_version,
                      "MySQL: what its greeting says, e.g. 8.4.3 or 10.11.6-MariaDB; without it any version");
  command->add_option("--sql-mode", options->sql_mode, "MySQL: the session's sql_mode, e.g. ANSI_QUOTES");
  command->add_option("--character-set", options->character_set, "MySQL: character_set_client (default: utf8mb4)");
  command->add_option("--lower-case-table-names", options->name_case, "MySQL: that variable; without it either")
      ->check(CLI::IsMember({"0", "1", "2"}));
  command->add_option("--config", options->config_file, "Configuration file; without it only the built-in policy");
  command->add_option("--database", options->database,
                      "SERVER/NAME of the configuration; MySQL: NAME is the default database");
  policies::Subject& subject = options->subject;
  subject.user = "application";
  command->add_option("--user", subject.user, "Login that sends it (default: application)");
  command->add_option("--role", subject.role, "Current role, when SET ROLE was used");
  command->add_option("--application", subject.application, "application_name of the session");
  command->add_option("--client", subject.client_address, "Address the session comes from (default: a Unix socket)");
  command->add_option("--certificate", subject.client_certificate, "Common name of its client certificate");
  command->add_flag("--migration-listener", subject.migration_listener, "The session came through that listener");
  command->add_option("--search-path", options->search_path, "PostgreSQL: its search_path, e.g. app,public");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("SQL", options->sql, "The text; - for standard input")->required();
  command->callback([options, &status] { status = explain_text(*options); });
}

}  // namespace schemaguard::proxy
