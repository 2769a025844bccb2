#include <iostream>

#include <CLI/CLI.hpp>

#include "parser/postgres/statement_reader.h"
#include "proxy/cli/commands.h"

namespace schemaguard::proxy {

void add_version_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("version", "Print the version and the grammar it was linked with");
  command->callback([&status] {
    std::cout << "schemaguard " << SCHEMAGUARD_VERSION << "\npostgresql grammar " << parser::postgres::grammar_version()
              << '\n';
    status = 0;
  });
}

}  // namespace schemaguard::proxy
