#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "policies/rules/verdict.h"
#include "proxy/cli/commands.h"
#include "proxy/config/config.h"
#include "proxy/introspect/guard_login_probe.h"
#include "proxy/introspect/primary_watch.h"
#include "proxy/introspect/trust_probe.h"

namespace schemaguard::proxy {
namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr int kOpenDoor = 2;

struct CheckOptions {
  std::string file;
  bool probe = false;
};

std::string listeners(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.display();
  return text;
}

void print_server(const ServerConfig& server) {
  std::cout << "server " << server.name << ": listens on " << listeners(server.listen);
  if (!server.migration_listen.empty()) std::cout << ", for migrations on " << listeners(server.migration_listen);
  std::cout << ", upstream " << listeners(server.upstream.addresses) << '\n';
  if (server.upstream.target == "primary") {
    std::cout << "  target primary: sessions on a standby are ended; "
              << (introspect::PrimaryWatch::is_probed(server)
                      ? "guard_login asks every address which one is the primary"
                      : "the addresses are tried in order, known standbys last")
              << '\n';
  }
  for (const ServerConfig::Database& database : server.databases) {
    std::cout << "  database " << database.name << ": mode " << policies::mode_name(database.mode) << ", "
              << database.policy->options().rules.size() << " rules, policy " << database.policy->version() << '\n';
  }
}

// An open door counts more than a server that cannot be reached: it is a finding, not a lack of one.
int probe_server(const ServerConfig& server, std::chrono::milliseconds timeout) {
  int status = kGood;
  for (const introspect::GuardLoginProbe& login : introspect::probe_guard_login(server, timeout)) {
    std::cout << "  guard_login at " << login.address << ": " << (login.connected ? "" : "FAILED: ") << login.detail
              << '\n';
    if (!login.connected) status = std::max(status, kFailed);
    for (const std::string& account : login.unreachable_accounts) {
      std::cout << "    no client can log in through the guard as " << account
                << ": the server sees the guard's address, which this account is not for\n";
    }
  }
  const std::vector<introspect::DoorProbe> probes = introspect::probe_doors(server, timeout);
  for (const introspect::DoorProbe& probe : probes) {
    std::cout << "  login without password at " << probe.address << " as " << probe.user
              << (probe.database.empty() ? "" : " into ") << probe.database << ": "
              << introspect::door_state_name(probe.state) << " (" << probe.detail << ")\n";
    if (probe.state == introspect::DoorState::kUnreachable) status = std::max(status, kFailed);
  }
  for (const std::string& warning : introspect::open_door_warnings(probes)) {
    std::cout << "OPEN DOOR: " << warning << '\n';
    status = kOpenDoor;
  }
  return status;
}

int check_config(const CheckOptions& options) {
  const auto config = load_config(options.file);
  if (!config.ok()) {
    std::cerr << config.status().message() << '\n';
    return kFailed;
  }
  for (const std::string& warning : (*config)->warnings) std::cout << "warning: " << warning << '\n';
  int status = kGood;
  if (options.probe) std::signal(SIGPIPE, SIG_IGN);  // a server may hang up while it is written to
  for (const ServerConfig& server : (*config)->servers) {
    print_server(server);
    if (options.probe) status = std::max(status, probe_server(server, (*config)->timeouts.connect));
  }
  if (status == kGood) std::cout << options.file << ": good\n";
  return status;
}

}  // namespace

void add_check_config_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("check-config", "Read a configuration file and say what is wrong with it");
  auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->file, "Configuration file (YAML)")->required();
  command->add_flag("--probe", options->probe,
                    "Also connect to every upstream as the guard would; exit 2 when one lets the guard's address in "
                    "without a password");
  command->callback([options, &status] { status = check_config(*options); });
}

}  // namespace schemaguard::proxy
