#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "policies/rules/rule_text.h"
#include "proxy/cli/commands.h"
#include "proxy/cli/named_database.h"

namespace schemaguard::proxy {
namespace {

struct PolicyShowOptions {
  std::string config_file, database, engine, format = "text";
};

int show_policy(const PolicyShowOptions& options) {
  const absl::StatusOr<NamedDatabase> database = find_database(options.config_file, options.database, options.engine);
  if (!database.ok()) {
    std::cerr << "schemaguard policy show: " << database.status().message() << '\n';
    return 1;
  }
  const policies::Policy& policy = *database->policy;
  std::cout << (options.format == "json" ? policies::policy_json(policy) : policies::policy_text(policy));
  for (const std::string& warning : policy.warnings()) std::cerr << "warning: " << warning << '\n';
  return 0;
}

}  // namespace

void add_policy_command(CLI::App& app, int& status) {
  CLI::App* policy = app.add_subcommand("policy", "The rules that decide");
  policy->require_subcommand(1);
  CLI::App* show = policy->add_subcommand("show", "Print every rule in the order in which they are tried");
  auto options = std::make_shared<PolicyShowOptions>();
  show->add_option("--config", options->config_file, "Configuration file; without it only the built-in policy");
  show->add_option("--database", options->database, "SERVER/NAME of the configuration");
  show->add_option("--engine", options->engine, "Without a configuration: postgresql (default) or mysql")
      ->check(CLI::IsMember({"postgresql", "mysql"}));
  show->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  show->callback([options, &status] { status = show_policy(*options); });
}

}  // namespace schemaguard::proxy
