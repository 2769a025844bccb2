#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "proxy/cli/commands.h"

namespace {

// What was wrong, in which command, and what to try: CLI11's own words name neither the command nor a mistyped one.
std::string failure_text(const CLI::App* app, const CLI::Error& error) {
  std::string path = app->get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    path += " " + app->get_name();
  }
  std::string what = error.what();
  if (app->get_require_subcommand_min() > 0 && app->get_subcommands().empty()) {
    const std::vector<std::string> unknown = app->remaining();
    what = unknown.empty() ? "a command is missing" : "there is no command \"" + unknown.front() + "\"";
    std::string known;
    for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
      known += (known.empty() ? "" : ", ") + command->get_name();
    }
    what += "; accepted: " + known;
  }
  return path + ": " + what + "\n`" + path + " --help` shows how it is called.\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"schemaguard: a wire-level proxy for PostgreSQL with a schema guard", "schemaguard"};
  app.failure_message(failure_text);
  app.require_subcommand(1);
  int status = 0;
  schemaguard::proxy::add_version_command(app, status);
  schemaguard::proxy::add_run_command(app, status);
  schemaguard::proxy::add_mode_command(app, status);
  schemaguard::proxy::add_explain_command(app, status);
  schemaguard::proxy::add_check_config_command(app, status);
  schemaguard::proxy::add_policy_command(app, status);
  schemaguard::proxy::add_policy_test_command(app, status);
  schemaguard::proxy::add_audit_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;  // a call for help is no failure
  }
  return status;
}
