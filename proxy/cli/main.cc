#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "proxy/cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"schemaguard: a wire-level proxy for PostgreSQL and MySQL/MariaDB with a schema guard"};
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
  CLI11_PARSE(app, argc, argv);
  return status;
}
