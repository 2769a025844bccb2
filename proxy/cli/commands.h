// The command line: one add_*_command() a topic, each in its own file, registered by main.cc.
//
// A command writes its exit status to `status` (design section 3: 0 good, 1 could not run, 2 drifted or refused,
// 3 unknown); results go to standard output, progress and logs to standard error.
#pragma once

#include <CLI/App.hpp>

namespace schemaguard::proxy {

void add_version_command(CLI::App& app, int& status);
void add_explain_command(CLI::App& app, int& status);
void add_check_config_command(CLI::App& app, int& status);
// Registers `policy` with `show`; further sub-commands find it with app.get_subcommand("policy").
void add_policy_command(CLI::App& app, int& status);
void add_run_command(CLI::App& app, int& status);
void add_mode_command(CLI::App& app, int& status);
// Registers `policy test`; comes after add_policy_command().
void add_policy_test_command(CLI::App& app, int& status);
void add_audit_command(CLI::App& app, int& status);

}  // namespace schemaguard::proxy
