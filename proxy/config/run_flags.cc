#include "proxy/config/run_flags.h"

#include <optional>
#include <utility>

#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"
#include "proxy/config/server_reader.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;

constexpr uint16_t kPostgresPort = 5432;
constexpr unsigned kWorkersMax = 256;

absl::Status read_endpoints(std::string_view flag, const std::vector<std::string>& texts, bool of_mysql,
                            uint16_t default_port, std::vector<Endpoint>& endpoints) {
  for (const std::string& text : texts) {
    absl::StatusOr<Endpoint> endpoint = of_mysql ? parse_mysql_endpoint(text) : parse_endpoint(text, default_port);
    if (!endpoint.ok()) {
      return absl::InvalidArgumentError(concatenate({flag, ": ", std::string(endpoint.status().message())}));
    }
    endpoints.push_back(*std::move(endpoint));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Config>> config_from_flags(const RunFlags& flags) {
  auto config = std::make_shared<Config>();
  ServerConfig server;
  server.name = "default";
  if (flags.engine != "postgresql" && flags.engine != "mysql") {
    return absl::InvalidArgumentError(
        concatenate({"--engine: found \"", flags.engine, "\"; accepted: postgresql, mysql (MariaDB included)"}));
  }
  server.engine = flags.engine;
  const bool of_mysql = server.is_mysql();
  if (flags.listen.empty()) return absl::InvalidArgumentError("--listen HOST:PORT is missing (or use --config FILE)");
  if (flags.upstream.empty()) {
    return absl::InvalidArgumentError("--upstream HOST:PORT is missing (or use --config FILE)");
  }
  for (const absl::Status& status :
       {read_endpoints("--listen", flags.listen, of_mysql, 0, server.listen),
        read_endpoints("--migration-listen", flags.migration_listen, of_mysql, 0, server.migration_listen),
        read_endpoints("--upstream", flags.upstream, of_mysql, kPostgresPort, server.upstream.addresses)}) {
    if (!status.ok()) return status;
  }
  policies::Mode mode = policies::Mode::kObserve;
  if (flags.mode.empty()) {
    config->warnings.emplace_back("observing only, nothing is refused: --mode enforce carries the verdicts out");
  } else {
    const std::optional<policies::Mode> named = policies::mode_from_name(flags.mode);
    if (!named) {
      return absl::InvalidArgumentError(
          concatenate({"--mode: found \"", flags.mode, "\"; accepted: off, observe, warn, enforce"}));
    }
    mode = *named;
  }
  policies::PolicyOptions options;
  options.server = server.name;
  options.engine = server.engine;
  for (const std::string& user : flags.migrators) {
    options.migrators.push_back({.user = policies::glob_quote(user), .from = {}, .certificate = ""});
  }
  if (const absl::Status status = finish_databases(server, mode, options); !status.ok()) return status;
  if (!flags.admin.empty()) {
    absl::StatusOr<Endpoint> admin = parse_endpoint(flags.admin, 0);
    if (!admin.ok()) {
      return absl::InvalidArgumentError(concatenate({"--admin: ", std::string(admin.status().message())}));
    }
    config->admin = *std::move(admin);
  }
  config->audit.file = flags.audit;
  if (flags.audit.empty()) config->warnings.emplace_back("no audit is written: --audit FILE is missing");
  if (flags.workers && (*flags.workers == 0 || *flags.workers > kWorkersMax)) {
    return absl::InvalidArgumentError(concatenate({"--workers: found \"", std::to_string(*flags.workers),
                                                   "\"; accepted: a number from 1 to ", std::to_string(kWorkersMax)}));
  }
  config->workers = flags.workers.value_or(config->workers);
  add_server_warnings(server, config->warnings);
  config->servers.push_back(std::move(server));
  return config;
}

}  // namespace schemaguard::proxy
