#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <boost/asio/ip/address.hpp>

#include "proxy/cli/commands.h"
#include "proxy/config/run_flags.h"
#include "proxy/introspect/trust_probe.h"
#include "proxy/net/guard_server.h"

namespace schemaguard::proxy {
namespace {

struct RunOptions {
  std::string config_file;
  RunFlags flags;
};

void log_to_standard_error() {
  auto logger = spdlog::stderr_logger_mt("schemaguard");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l: %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

bool is_loopback(const Endpoint& endpoint) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint.host, error);
  return error ? endpoint.host == "localhost" : address.is_loopback();
}

void say_modes(const Config& config) {
  for (const ServerConfig& server : config.servers) {
    for (const ServerConfig::Database& database : server.databases) {
      spdlog::info("server {}, database {}: mode {}", server.name, database.name, policies::mode_name(database.mode));
    }
  }
}

// The look for doors that are open behind the guard, beside the running guard: it may have to wait for servers that
// do not answer, and neither start, reload nor end may wait with it. Once at start and once for each reload.
class DoorWatch {
 public:
  explicit DoorWatch(Guard& guard) : shared_(std::make_shared<Shared>()) {
    shared_->guard = &guard;
    guard.set_reloaded([this](std::shared_ptr<const Config> config) { look_at(std::move(config)); });
  }
  ~DoorWatch() {
    shared_->guard->set_reloaded(nullptr);
    const std::lock_guard lock(shared_->mutex);
    shared_->guard = nullptr;
  }
  DoorWatch(const DoorWatch&) = delete;
  DoorWatch& operator=(const DoorWatch&) = delete;

  void look_at(std::shared_ptr<const Config> config) {
    uint64_t number = 0;
    {
      const std::lock_guard lock(shared_->mutex);
      number = ++shared_->looks;
    }
    std::thread([shared = shared_, config = std::move(config), number] { look(*shared, *config, number); }).detach();
  }

 private:
  struct Shared {
    std::mutex mutex;
    Guard* guard = nullptr;  // null: the guard has ended
    uint64_t looks = 0;
  };

  static void look(Shared& shared, const Config& config, uint64_t number) {
    std::vector<std::string> warnings;
    for (const ServerConfig& server : config.servers) {
      const auto found = introspect::open_door_warnings(introspect::probe_doors(server, config.timeouts.connect));
      warnings.insert(warnings.end(), found.begin(), found.end());
    }
    const std::lock_guard lock(shared.mutex);
    // A look that was slower than a reload tells of a configuration that no longer holds.
    if (shared.guard == nullptr || shared.looks != number) return;
    for (const std::string& warning : warnings) spdlog::warn("OPEN DOOR: {}", warning);
    shared.guard->set_probe_warnings(std::move(warnings));
  }

  std::shared_ptr<Shared> shared_;
};

int run(const RunOptions& options) {
  log_to_standard_error();
  auto config = options.config_file.empty() ? config_from_flags(options.flags) : load_config(options.config_file);
  if (!config.ok()) {
    spdlog::error("{}", std::string(config.status().message()));
    return 1;
  }
  // The first lines say what a person has to know before anything else: whether anything is stopped at all.
  for (const std::string& warning : (*config)->warnings) spdlog::warn("{}", warning);
  auto server = net::GuardServer::create(*config);
  if (!server.ok()) {
    spdlog::error("{}", std::string(server.status().message()));
    return 1;
  }
  say_modes(**config);
  if ((*config)->admin && !is_loopback(*(*config)->admin)) {
    spdlog::warn("the admin listener has no login and is not on loopback: {}", (*config)->admin->display());
  }
  for (const std::string& listener : (*server)->listening_on()) spdlog::info("listening on {}", listener);
  if ((*config)->admin) spdlog::info("admin listener on {}", (*server)->admin_address());
  DoorWatch doors((*server)->guard());
  doors.look_at(*config);
  (*server)->run();
  return 0;
}

}  // namespace

void add_run_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("run", "Run the guard until it is told to end (SIGTERM drains)");
  auto options = std::make_shared<RunOptions>();
  CLI::Option* file = command->add_option("--config", options->config_file, "Configuration file (YAML)");
  RunFlags& flags = options->flags;
  const std::vector<CLI::Option*> others = {
      command->add_option("--engine", flags.engine, "postgresql (default) or mysql (MariaDB included)"),
      command->add_option(
          "--listen", flags.listen,
          "HOST:PORT, or DIRECTORY:PORT for a Unix socket (MySQL: its path), for clients; may be repeated"),
      command->add_option("--migration-listen", flags.migration_listen,
                          "The same, as a second door: who comes here is a migrator"),
      command->add_option("--upstream", flags.upstream,
                          "HOST[:PORT], or DIRECTORY:PORT of a Unix socket (MySQL: its path), of the protected server; "
                          "several are tried "
                          "in order"),
      command->add_option("--mode", flags.mode, "off, observe (default), warn or enforce"),
      command->add_option("--migrator", flags.migrators, "Login that may change the schema; may be repeated"),
      command->add_option("--audit", flags.audit,
                          "Audit file; its signing key is made beside it as FILE.key. Without it no audit is written"),
      command->add_option("--admin", flags.admin, "HOST:PORT of the admin listener (keep it on loopback)"),
      command->add_option("--workers", flags.workers, "Threads that move bytes, 1 to 256 (default 1)")};
  for (CLI::Option* other : others) other->excludes(file);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace schemaguard::proxy
