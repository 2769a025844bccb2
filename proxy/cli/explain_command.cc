#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/time/clock.h"
#include "parser/mysql/statement_reader.h"
#include "proxy/cli/commands.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/named_database.h"
#include "proxy/cli/read_text.h"

namespace schemaguard::proxy {
namespace {

struct ExplainOptions {
  std::string engine = "postgresql";
  std::string config_file, database, format = "text", search_path, server_version, sql;
  policies::Subject subject;
};

int fail(std::string_view message) {
  std::cerr << "schemaguard explain: " << message << '\n';
  return 1;
}

absl::StatusOr<parser::TextFacts> facts_of(const ExplainOptions& options, const Limits& limits) {
  if (options.engine == "postgresql") return read_text(options.sql, {}, limits);
  parser::mysql::ReadingState state;
  if (!options.server_version.empty() && !parser::mysql::apply_server_version(options.server_version, state)) {
    return absl::InvalidArgumentError("--server-version does not read like 8.4.3 or 10.11.6-MariaDB");
  }
  return parser::mysql::read_statements(options.sql, state, {.statements_max = limits.statements_max});
}

int explain_text(ExplainOptions options) {
  if (options.sql == "-") options.sql.assign(std::istreambuf_iterator<char>(std::cin), {});
  const absl::StatusOr<NamedDatabase> database = find_database(options.config_file, options.database);
  if (!database.ok()) return fail(std::string(database.status().message()));
  options.subject.database = database->name;
  options.subject.now = absl::Now();
  const absl::StatusOr<parser::TextFacts> facts = facts_of(options, database->limits);
  if (!facts.ok()) return fail(std::string(facts.status().message()));
  const Explanation explanation = explain(options.sql, *facts, *database->policy, options.subject, options.search_path);
  std::cout << (options.format == "json" ? explanation_json(explanation) : explanation_text(explanation)) << '\n';
  return exit_status(explanation);
}

}  // namespace

void add_explain_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("explain", "Show how the guard reads SQL and what it would do with it");
  auto options = std::make_shared<ExplainOptions>();
  command->add_option("--engine", options->engine, "postgresql or mysql (MariaDB included)")
      ->check(CLI::IsMember({"postgresql", "mysql"}));
  command->add_option("--server-version", options->server_version,
                      "MySQL: what its greeting says, e.g. 8.4.3 or 10.11.6-MariaDB; without it any version");
  command->add_option("--config", options->config_file, "Configuration file; without it only the built-in policy");
  command->add_option("--database", options->database, "SERVER/NAME of the configuration");
  policies::Subject& subject = options->subject;
  subject.user = "application";
  command->add_option("--user", subject.user, "Login that sends it (default: application)");
  command->add_option("--role", subject.role, "Current role, when SET ROLE was used");
  command->add_option("--application", subject.application, "application_name of the session");
  command->add_option("--client", subject.client_address, "Address the session comes from (default: a Unix socket)");
  command->add_option("--certificate", subject.client_certificate, "Common name of its client certificate");
  command->add_flag("--migration-listener", subject.migration_listener, "The session came through that listener");
  command->add_option("--search-path", options->search_path, "Its search_path, e.g. app,public");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("SQL", options->sql, "The text; - for standard input")->required();
  command->callback([options, &status] { status = explain_text(*options); });
}

}  // namespace schemaguard::proxy
