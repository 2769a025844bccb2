#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "absl/time/time.h"
#include "proxy/admin/admin_client.h"
#include "proxy/cli/commands.h"
#include "proxy/config/config.h"

namespace schemaguard::proxy {
namespace {

constexpr uint16_t kAdminPort = 9187;

struct ModeOptions {
  std::string mode, database, duration, reason, config_file, admin;
};

int fail(const std::string& message) {
  std::cerr << "schemaguard mode: " << message << '\n';
  return 1;
}

absl::StatusOr<Endpoint> admin_endpoint(const ModeOptions& options) {
  if (!options.admin.empty()) return parse_endpoint(options.admin, kAdminPort);
  if (options.config_file.empty()) {
    return absl::InvalidArgumentError("say where the guard is: --config FILE or --admin HOST:PORT");
  }
  auto config = load_config(options.config_file);
  if (!config.ok()) return config.status();
  if (!(*config)->admin) return absl::InvalidArgumentError("the configuration has no admin listener (admin.listen)");
  return *(*config)->admin;
}

int change_mode(const ModeOptions& options) {
  const auto endpoint = admin_endpoint(options);
  if (!endpoint.ok()) return fail(std::string(endpoint.status().message()));
  boost::json::object body;
  body["database"] = options.database;
  body["mode"] = options.mode;
  body["reason"] = options.reason;
  if (!options.duration.empty()) {
    absl::Duration duration;
    if (!absl::ParseDuration(options.duration, &duration) || duration < absl::Seconds(1)) {
      return fail("--for must be a time like 45s, 30m or 2h30m");
    }
    body["for_seconds"] = absl::ToInt64Seconds(duration);
  }
  const auto reply = admin_post(*endpoint, "/mode", boost::json::serialize(body));
  if (!reply.ok()) return fail(std::string(reply.status().message()));
  boost::system::error_code error;
  const boost::json::value answer = boost::json::parse(reply->body, error);
  if (error || !answer.is_object()) return fail("the guard's answer cannot be read");
  const auto member = [&answer](const char* key) {
    const boost::json::value* value = answer.get_object().if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  if (reply->status != 200) return fail(member("error"));
  std::cout << member("database") << ": " << member("mode");
  if (!options.duration.empty()) std::cout << " for " << options.duration;
  std::cout << " (was " << member("before") << ")\n";
  return 0;
}

}  // namespace

void add_mode_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("mode", "Change the mode of a database in the running guard, for a while");
  auto options = std::make_shared<ModeOptions>();
  command->add_option("MODE", options->mode, "off, observe, warn or enforce")
      ->required()
      ->check(CLI::IsMember({"off", "observe", "warn", "enforce"}));
  command->add_option("--database", options->database, "SERVER/NAME; SERVER/* for all of its databases")->required();
  command->add_option("--for", options->duration, "How long, e.g. 45s, 30m or 2h30m; without it until the guard ends");
  command->add_option("--reason", options->reason, "Why; stands in the audit")->required();
  command->add_option("--config", options->config_file, "The guard's configuration file, to find its admin listener");
  command->add_option("--admin", options->admin, "HOST:PORT of the admin listener");
  command->callback([options, &status] { status = change_mode(*options); });
}

}  // namespace schemaguard::proxy
