#include "proxy/config/server_reader.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"
#include "policies/rules/network.h"
#include "proxy/config/rule_reader.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;
using policies::Mode;
using policies::PolicyOptions;

constexpr uint16_t kPostgresPort = 5432;

class ServerReader {
 public:
  ServerReader(const YAML::Node& node, const std::string& path, const std::string& directory, YamlErrors& errors)
      : map_(node, path, errors), directory_(directory), errors_(errors) {}

  ServerReaderOutput read() {
    if (!map_.valid()) return std::move(out_);
    read_name_and_engine();
    read_endpoints(map_, "listen", 0, server().listen);
    if (server().listen.empty()) map_.error("listen", "every server needs an address to listen on");
    read_endpoints(map_, "migration_listen", 0, server().migration_listen);
    read_upstream();
    read_client_tls();
    read_proxy_protocol();
    read_guard_login();
    map_.texts("replication_users", server().replication_users);
    if (server().is_mysql()) {
      belongs_to(map_, "function_call_oids", "postgresql", "MySQL's protocol has no calls by number");
    } else {
      read_function_call_oids();
    }
    Mode mode = Mode::kObserve;
    read_mode(map_, mode);
    read_policy_options(mode);
    map_.finish();
    add_server_warnings(server(), out_.warnings);
    return std::move(out_);
  }

 private:
  ServerConfig& server() { return out_.server; }

  void has_no_effect(YamlMap& map, std::string_view key) {
    if (map.take(key)) say_no_effect(map, key);
  }

  void say_no_effect(const YamlMap& map, std::string_view key) {
    out_.warnings.push_back(concatenate(
        {errors_.place(map.mark_of(key)), ": ", map.path_of(key), ": this key has no effect in this version"}));
  }

  void read_name_and_engine() {
    map_.text("name", server().name);
    const std::string& name = server().name;
    const bool well_formed = std::all_of(name.begin(), name.end(), [](char byte) {
      return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
             byte == '_' || byte == '-' || byte == '.';
    });
    if (name.empty() || name.size() > 63 || !well_formed) {
      map_.error("name", "every server needs a name of at most 63 letters, digits, '.', '_' and '-'");
    }
    if (map_.choice("engine", {"postgresql", "mysql"}) == 1) server().engine = "mysql";
  }

  void read_endpoints(YamlMap& map, std::string_view key, uint16_t default_port, std::vector<Endpoint>& endpoints) {
    std::vector<std::string> texts;
    const std::vector<YAML::Mark> marks = map.texts(key, texts);
    for (size_t index = 0; index < texts.size(); ++index) {
      absl::StatusOr<Endpoint> endpoint =
          server().is_mysql() ? parse_mysql_endpoint(texts[index]) : parse_endpoint(texts[index], default_port);
      if (endpoint.ok()) {
        endpoints.push_back(*std::move(endpoint));
      } else {
        errors_.add(marks[index], map.path_of(key), "found " + std::string(endpoint.status().message()));
      }
    }
  }

  void read_file(YamlMap& map, std::string_view key, std::string& file) {
    map.text(key, file);
    if (file.empty()) return;
    file = resolve_file(directory_, file);
    if (access(file.c_str(), R_OK) != 0) {
      map.error(key, concatenate({"found \"", file, "\", which cannot be read; accepted: a readable file"}));
    }
  }

  void read_upstream() {
    const auto node = map_.take("upstream");
    if (!node) {
      map_.error("upstream", "every server needs an upstream; accepted: { addresses: [HOST:PORT] }");
      return;
    }
    YamlMap map(*node, map_.path_of("upstream"), errors_);
    ServerConfig::Upstream& upstream = server().upstream;
    read_endpoints(map, "addresses", kPostgresPort, upstream.addresses);
    if (map.valid() && upstream.addresses.empty()) map.error("addresses", "an upstream needs at least one address");
    if (map.choice("target", {"any", "primary"}) == 1) upstream.target = "primary";
    if (const auto tls = map.choice("tls", {"disable", "prefer", "require", "verify-ca", "verify-full"})) {
      upstream.tls = static_cast<ServerTlsMode>(*tls);
    }
    read_file(map, "ca", upstream.ca);
    read_file(map, "certificate", upstream.certificate);
    read_file(map, "key", upstream.key);
    if (upstream.certificate.empty() != upstream.key.empty()) {
      map.error(upstream.key.empty() ? "certificate" : "key", "certificate and key belong together");
    }
    if (map.choice("pooler", {"session", "transaction"}) == 1) {
      map.error("pooler", "found \"transaction\"; this version needs a server or a pooler in session mode");
    }
    map.finish();
  }

  void read_client_tls() {
    const auto node = map_.take("tls");
    if (!node) return;
    YamlMap map(*node, map_.path_of("tls"), errors_);
    ServerConfig::ClientTls& tls = server().tls;
    if (const auto mode = map.choice("mode", {"disable", "allow", "require"})) {
      tls.mode = static_cast<ClientTlsMode>(*mode);
    }
    read_file(map, "certificate", tls.certificate);
    read_file(map, "key", tls.key);
    read_file(map, "client_ca", tls.client_ca);
    if (tls.mode != ClientTlsMode::kDisable && (tls.certificate.empty() || tls.key.empty())) {
      map.error("mode", "TLS for clients needs a certificate and its key");
    }
    map.finish();
  }

  void read_proxy_protocol() {
    const auto node = map_.take("proxy_protocol");
    if (!node) return;
    YamlMap map(*node, map_.path_of("proxy_protocol"), errors_);
    std::vector<std::string>& accept_from = server().proxy_protocol.accept_from;
    const std::vector<YAML::Mark> marks = map.texts("accept_from", accept_from);
    for (size_t index = 0; index < marks.size(); ++index) {
      const auto block = policies::parse_network_block(accept_from[index]);
      if (!block.ok()) {
        errors_.add(marks[index], map.path_of("accept_from"), std::string(block.status().message()));
      }
    }
    map.flag("send", server().proxy_protocol.send);
    map.finish();
  }

  void read_guard_login() {
    const auto node = map_.take("guard_login");
    if (!node) return;
    YamlMap map(*node, map_.path_of("guard_login"), errors_);
    ServerConfig::GuardLogin login;
    map.text("user", login.user);
    if (map.valid() && login.user.empty()) map.error("user", "the guard's login needs a user");
    read_file(map, "password_file", login.password_file);
    map.text("password_env", login.password_env);
    if (server().is_mysql()) {
      belongs_to(map, "database", "postgresql", "on MySQL the guard's login needs no database");
    } else {
      map.text("database", login.database);
    }
    if (!login.password_file.empty() && !login.password_env.empty()) {
      map.error("password_env", "give password_file or password_env, not both");
    }
    map.finish();
    server().guard_login = std::move(login);
  }

  void read_function_call_oids() {
    std::vector<std::string> texts;
    const std::vector<YAML::Mark> marks = map_.texts("function_call_oids", texts);
    for (size_t index = 0; index < texts.size(); ++index) {
      const std::string& text = texts[index];
      const bool digits = text.size() <= 10 &&
                          std::all_of(text.begin(), text.end(), [](char byte) { return byte >= '0' && byte <= '9'; });
      const uint64_t oid = digits ? std::stoull(text) : 0;
      if (oid == 0 || oid > UINT32_MAX) {
        errors_.add(marks[index], map_.path_of("function_call_oids"),
                    "accepted: function OIDs, numbers from 1 to 4294967295");
      } else {
        server().function_call_oids.push_back(static_cast<uint32_t>(oid));
      }
    }
  }

  // A key that the other engine has.
  static void belongs_to(YamlMap& map, std::string_view key, std::string_view engine, std::string_view why) {
    if (map.take(key)) map.error(key, concatenate({"this key is for engine: ", engine, " only: ", why}));
  }

  static void read_mode(YamlMap& map, Mode& mode) {
    if (const auto index = map.choice("mode", {"off", "observe", "warn", "enforce"})) mode = static_cast<Mode>(*index);
  }

  // What a server and each of its databases may have. `options` holds the settings around it.
  void read_lists(YamlMap& map, PolicyOptions& options) {
    read_rules(map, errors_, options.rules);
    map.texts("plain_functions", options.plain_functions);
    map.text("hint", options.hint);
    if (server().is_mysql()) {
      belongs_to(map, "allowed_extensions", "postgresql", "MySQL has no extensions");
      if (const auto index = map.choice("local_infile", {"block", "allow"})) options.local_infile = *index == 1;
    } else {
      map.texts("allowed_extensions", options.allowed_extensions);
      belongs_to(map, "local_infile", "mysql", "PostgreSQL's COPY FROM STDIN asks for no file");
    }
  }

  void read_policy_options(Mode mode) {
    PolicyOptions common;
    common.server = server().name;
    common.engine = server().engine;
    read_migrators(map_, errors_, common.migrators);
    read_lists(map_, common);
    if (const auto databases = map_.take("databases")) read_databases(*databases, mode, common);
    // A policy is only built from rules that could be read.
    if (!errors_.empty()) return;
    if (const absl::Status status = finish_databases(server(), mode, common); !status.ok()) {
      errors_.add_without_line(std::string(status.message()));
    }
  }

  void read_databases(const YAML::Node& node, Mode mode, const PolicyOptions& common) {
    if (!node.IsMap()) {
      map_.error("databases", concatenate({"found ", shown_value(node), "; accepted: database names with settings"}));
      return;
    }
    const std::string path = map_.path_of("databases");
    std::vector<std::string> seen;
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (const absl::Status status = policies::check_glob(name); !status.ok()) {
        errors_.add(entry.first.Mark(), path, std::string(status.message()));
        continue;
      }
      if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
        errors_.add(entry.first.Mark(), concatenate({path, ".", name}), "this key is written twice");
      }
      seen.push_back(name);
      read_database(entry.second, concatenate({path, ".", name}), name, mode, common);
    }
  }

  void read_database(const YAML::Node& node, const std::string& path, const std::string& name, Mode mode,
                     const PolicyOptions& common) {
    // "orders:" with nothing behind it: listed, with the server's settings.
    YAML::Node settings = node.IsNull() ? YAML::Node(YAML::NodeType::Map) : node;
    YamlMap map(settings, path, errors_);
    if (!map.valid()) return;
    PolicyOptions own;
    read_mode(map, mode);
    own.local_infile = common.local_infile;
    read_lists(map, own);
    for (const std::string_view key : {"schemas", "migrations", "expected"}) has_no_effect(map, key);
    map.finish();
    if (!errors_.empty()) return;
    own.server = common.server;
    own.engine = common.engine;
    own.migrators = common.migrators;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(own.rules, common.rules);
    append(own.allowed_extensions, common.allowed_extensions);
    append(own.plain_functions, common.plain_functions);
    if (own.hint.empty()) own.hint = common.hint;
    own.time_zones = load_time_zones(own.rules);
    auto policy = policies::Policy::build(std::move(own));
    if (!policy.ok()) {
      errors_.add(map.mark(), path, std::string(policy.status().message()));
      return;
    }
    server().databases.push_back({.name = name, .mode = mode, .policy = *std::move(policy)});
  }

  YamlMap map_;
  std::string directory_;
  YamlErrors& errors_;
  ServerReaderOutput out_;
};

}  // namespace

ServerReaderOutput read_server(const YAML::Node& node, const std::string& path, const std::string& directory,
                               YamlErrors& errors) {
  return ServerReader(node, path, directory, errors).read();
}

std::string resolve_file(const std::string& directory, const std::string& file) {
  if (file.empty() || file.front() == '/' || directory.empty()) return file;
  return directory + "/" + file;
}

absl::Status finish_databases(ServerConfig& server, Mode mode, const PolicyOptions& options) {
  PolicyOptions own = options;
  own.time_zones = load_time_zones(own.rules);
  auto policy = policies::Policy::build(std::move(own));
  if (!policy.ok()) return policy.status();
  server.databases.push_back({.name = "*", .mode = mode, .policy = *std::move(policy)});
  return absl::OkStatus();
}

void add_server_warnings(const ServerConfig& server, std::vector<std::string>& warnings) {
  const auto warn = [&](std::string_view what) {
    warnings.push_back(concatenate({"server ", server.name, ": ", what}));
  };
  const bool client_tls = server.tls.mode != ClientTlsMode::kDisable;
  if (!server.is_mysql() && client_tls && server.upstream.tls != ServerTlsMode::kDisable) {
    warn(
        "TLS on both legs: a login for which the database asks SCRAM with channel binding cannot be relayed; use "
        "clients without channel binding (channel_binding=disable) or one plain leg");
  }
  const bool upstream_tls_certain = server.upstream.tls > ServerTlsMode::kPrefer;
  if (server.is_mysql() && (client_tls ? server.upstream.tls == ServerTlsMode::kDisable : upstream_tls_certain)) {
    warn(
        "TLS on one leg only: a login that needs the full exchange of caching_sha2_password or sha256_password cannot "
        "be relayed; have TLS on both legs or on none");
  }
  if (server.upstream.target == "primary" && server.upstream.addresses.size() > 1 && !server.guard_login) {
    warn(
        "target: primary without guard_login: nobody asks the addresses which one is the primary; a session that meets "
        "a standby ends with an error, and the next ones try the others first");
  }
  if (server.guard_login && server.proxy_protocol.send) {
    warn(
        "guard_login connects without a PROXY header: the upstream must take such connections from the guard's "
        "address");
  }
  if (server.migration_listen.empty() &&
      (server.databases.empty() || server.databases.back().policy->options().migrators.empty())) {
    warn("no migrators and no migration_listen: nobody may change a schema in enforce mode");
  }
  for (const ServerConfig::Database& database : server.databases) {
    for (const std::string& text : database.policy->warnings()) {
      if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) warnings.push_back(text);
    }
  }
}

}  // namespace schemaguard::proxy
