#include "proxy/config/config.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "parser/postgres/statement_reader.h"
#include "policies/rules/concatenate.h"
#include "proxy/config/server_reader.h"
#include "proxy/config/yaml_reader.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;

constexpr size_t kFileBytesMax = 8ULL * 1024 * 1024;
constexpr size_t kThreadsMax = 256;
constexpr size_t kMebibyte = 1024ULL * 1024;
constexpr size_t kGibibyte = 1024 * kMebibyte;

absl::StatusOr<std::string> read_whole_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::NotFoundError(concatenate({file, ": this file cannot be opened"}));
  std::string text(kFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return absl::InternalError(concatenate({file, ": this file cannot be read"}));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > kFileBytesMax) return absl::InvalidArgumentError(concatenate({file, ": longer than 8 MiB"}));
  return text;
}

// yaml-cpp reports by exception; this is the one place that catches them.
absl::StatusOr<YAML::Node> parse_yaml(const std::string& file, const std::string& text) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) return absl::InvalidArgumentError(concatenate({file, ": more than one YAML document"}));
    if (documents.empty()) return absl::InvalidArgumentError(concatenate({file, ": the file is empty"}));
    return documents.front();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        concatenate({YamlErrors(file).place(error.mark), ": this is no YAML: ", error.msg}));
  }
}

class ConfigReader {
 public:
  ConfigReader(const YAML::Node& root, const std::string& file, YamlErrors& errors)
      : map_(root, "", errors), errors_(errors) {
    config_.file = file;
    const size_t slash = file.rfind('/');
    if (slash != std::string::npos) directory_ = file.substr(0, slash);
  }

  Config read() {
    if (!map_.valid()) return std::move(config_);
    map_.list("servers", [&](const YAML::Node& node, const std::string& path) {
      ServerReaderOutput output = read_server(node, path, directory_, errors_);
      config_.servers.push_back(std::move(output.server));
      config_.warnings.insert(config_.warnings.end(), output.warnings.begin(), output.warnings.end());
    });
    if (config_.servers.empty()) map_.error("servers", "at least one server is needed");
    read_audit();
    read_admin();
    read_store();
    read_keys();
    read_limits();
    read_timeouts();
    read_threads("workers", config_.workers);
    read_threads("parse_threads", config_.parse_threads);
    map_.finish();
    check_servers();
    return std::move(config_);
  }

 private:
  void has_no_effect(const YamlMap& map, std::string_view key) {
    config_.warnings.push_back(concatenate(
        {errors_.place(map.mark_of(key)), ": ", map.path_of(key), ": this key has no effect in this version"}));
  }

  void read_audit() {
    const auto node = map_.take("audit");
    if (!node) {
      config_.warnings.emplace_back("no audit is written: `audit: { file: … }` is not configured");
      return;
    }
    YamlMap map(*node, "audit", errors_);
    map.text("file", config_.audit.file);
    if (map.valid() && config_.audit.file.empty()) map.error("file", "the audit needs a file");
    config_.audit.file = resolve_file(directory_, config_.audit.file);
    check_audit_place(map);
    if (const auto index = map.choice("on_failure", {"block", "continue"})) {
      config_.audit.block_on_failure = *index == 0;
    }
    map.finish();
  }

  // The file is made at the start. What can never become one is wrong now; a directory may be missing only here, where
  // the configuration is looked at before it goes to its own machine.
  void check_audit_place(YamlMap& map) {
    const std::string& file = config_.audit.file;
    std::error_code unknown;
    if (std::filesystem::is_directory(file, unknown)) {
      map.error("file", concatenate({"found \"", file, "\", which is a directory; accepted: a file"}));
      return;
    }
    const std::filesystem::path directory = std::filesystem::path(file).parent_path();
    if (!directory.empty() && !std::filesystem::exists(directory, unknown) && !unknown) {
      config_.warnings.push_back(concatenate({errors_.place(map.mark_of("file")), ": ", map.path_of("file"),
                                              ": there is no directory ", directory.string(), " here"}));
    }
  }

  void read_admin() {
    const auto node = map_.take("admin");
    if (!node) return;
    YamlMap map(*node, "admin", errors_);
    std::string listen;
    map.text("listen", listen);
    if (!listen.empty()) {
      absl::StatusOr<Endpoint> endpoint = parse_endpoint(listen, 0);
      if (endpoint.ok()) {
        config_.admin = *std::move(endpoint);
      } else {
        map.error("listen", "found " + std::string(endpoint.status().message()));
      }
    } else if (map.valid()) {
      map.error("listen", "the admin listener needs an address");
    }
    map.finish();
  }

  void read_store() {
    const auto node = map_.take("store");
    if (!node) return;
    YamlMap map(*node, "store", errors_);
    map.text("sqlite", config_.store_sqlite);
    config_.store_sqlite = resolve_file(directory_, config_.store_sqlite);
    std::vector<std::string> etcd;
    map.texts("etcd", etcd);
    if (!etcd.empty() && !config_.store_sqlite.empty()) map.error("etcd", "give sqlite or etcd, not both");
    map.finish();
    has_no_effect(map_, "store");
  }

  void read_keys() {
    const auto node = map_.take("keys");
    if (!node) return;
    YamlMap map(*node, "keys", errors_);
    std::vector<std::string> publish;
    std::vector<std::string> approve;
    map.texts("publish", publish);
    map.texts("approve", approve);
    for (const std::string& key : publish) {
      if (std::find(approve.begin(), approve.end(), key) != approve.end()) {
        map.error("approve",
                  concatenate({"\"", key, "\" stands in publish as well; the same key never stands in both"}));
      }
    }
    map.finish();
    has_no_effect(map_, "keys");
  }

  void read_limits() {
    const auto node = map_.take("limits");
    if (!node) return;
    YamlMap map(*node, "limits", errors_);
    Limits& limits = config_.limits;
    map.bytes("message_bytes_max", limits.message_bytes_max, 1024, kGibibyte);
    map.bytes("parse_bytes_max", limits.parse_bytes_max, 1024, kParseBytesAccepted);
    map.count("statements_max", limits.statements_max, 1, 10'000'000);
    map.bytes("small_message_bytes_max", limits.small_message_bytes_max, 1024, kGibibyte);
    map.bytes("startup_bytes_max", limits.startup_bytes_max, 1024, kMebibyte);
    map.bytes("authentication_bytes_max", limits.authentication_bytes_max, 1024, kMebibyte);
    map.bytes("pending_bytes_max", limits.pending_bytes_max, 16ULL * 1024, kGibibyte);
    map.count("pending_requests_max", limits.pending_requests_max, 1, 10'000'000);
    map.count("statements_per_session_max", limits.statements_per_session_max, 1, 10'000'000);
    map.bytes("prepared_bytes_per_session_max", limits.prepared_bytes_per_session_max, 1024, kGibibyte);
    map.bytes("held_bytes_max", limits.held_bytes_max, kMebibyte, 1024 * kGibibyte);
    map.count("sessions_max", limits.sessions_max, 1, 1'000'000);
    if (limits.held_bytes_max < limits.message_bytes_max) {
      map.error("held_bytes_max",
                "it must be at least message_bytes_max, or the largest message could never be judged");
    }
    map.finish();
  }

  void read_timeouts() {
    const auto node = map_.take("timeouts");
    if (!node) return;
    YamlMap map(*node, "timeouts", errors_);
    Timeouts& timeouts = config_.timeouts;
    map.duration("handshake", timeouts.handshake);
    map.duration("connect", timeouts.connect);
    map.duration("drain", timeouts.drain);
    map.duration("migration_deadline", timeouts.migration_deadline);
    map.duration("settle", timeouts.settle);
    read_seconds(map, "keepalive_idle", timeouts.keepalive_idle);
    read_seconds(map, "keepalive_interval", timeouts.keepalive_interval);
    size_t probes = static_cast<size_t>(timeouts.keepalive_probes);
    map.count("keepalive_probes", probes, 1, 100);
    timeouts.keepalive_probes = static_cast<int>(probes);
    map.finish();
  }

  static void read_seconds(YamlMap& map, std::string_view key, std::chrono::seconds& out) {
    std::chrono::milliseconds value = out;
    map.duration(key, value);
    out = std::chrono::duration_cast<std::chrono::seconds>(value);
    if (out != value) map.error(key, "accepted: whole seconds");
  }

  void read_threads(std::string_view key, unsigned& out) {
    size_t threads = out;
    map_.count(key, threads, 1, kThreadsMax);
    out = static_cast<unsigned>(threads);
  }

  void check_servers() {
    std::set<std::string> names;
    std::set<std::string> doors;
    const auto door = [&](const Endpoint& endpoint) {
      if (endpoint.port == 0 && !endpoint.is_unix()) return;  // the system picks a port
      if (!doors.insert(endpoint.display()).second) {
        map_.error("servers", concatenate({"two listeners share the address ", endpoint.display()}));
      }
    };
    for (const ServerConfig& server : config_.servers) {
      if (!server.name.empty() && !names.insert(server.name).second) {
        map_.error("servers", concatenate({"two servers share the name ", server.name}));
      }
      for (const Endpoint& endpoint : server.listen) door(endpoint);
      for (const Endpoint& endpoint : server.migration_listen) door(endpoint);
      // The guard would call itself, again and again, until no session is left.
      for (const Endpoint& upstream : server.upstream.addresses) {
        const auto is_door = [&](const Endpoint& listen) { return listen.display() == upstream.display(); };
        if (std::any_of(server.listen.begin(), server.listen.end(), is_door) ||
            std::any_of(server.migration_listen.begin(), server.migration_listen.end(), is_door)) {
          map_.error("servers", concatenate({upstream.display(), " is an upstream and a listener of ", server.name}));
        }
      }
    }
    if (config_.admin) door(*config_.admin);
  }

  // Deeply nested SQL takes up to 192 bytes of a parse thread's stack per byte of text (evasion finding 2).
  static constexpr size_t kParseBytesAccepted = parser::postgres::kParseStackBytes / 192;

  YamlMap map_;
  YamlErrors& errors_;
  std::string directory_;
  Config config_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Config>> load_config(const std::string& file) {
  const absl::StatusOr<std::string> text = read_whole_file(file);
  if (!text.ok()) return text.status();
  const absl::StatusOr<YAML::Node> root = parse_yaml(file, *text);
  if (!root.ok()) return root.status();
  YamlErrors errors(file);
  Config config = ConfigReader(*root, file, errors).read();
  if (!errors.empty()) return absl::InvalidArgumentError(errors.text());
  return std::make_shared<const Config>(std::move(config));
}

}  // namespace schemaguard::proxy
