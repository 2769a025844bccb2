// The configuration file: every key, and every error with its line.
#include "proxy/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/config/run_flags.h"

namespace schemaguard::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

// A directory of its own for every test, with the files that a configuration may name.
class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "schemaguard-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    for (const char* file : {"server.pem", "server.key", "ca.pem", "password"}) write(file, "x");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& file, const std::string& text) const { std::ofstream(directory_ / file) << text; }
  [[nodiscard]] std::string path(const std::string& file) const { return (directory_ / file).string(); }

  absl::StatusOr<std::shared_ptr<const Config>> load(const std::string& text) {
    write("guard.yaml", text);
    return load_config(path("guard.yaml"));
  }
  std::string error_of(const std::string& text) {
    const auto config = load(text);
    return config.ok() ? "no error" : std::string(config.status().message());
  }
  std::string place(int line) const { return path("guard.yaml") + ":" + std::to_string(line) + ": "; }

  std::filesystem::path directory_;
};

constexpr std::string_view kSmallest = R"(servers:
  - name: shop
    listen: 127.0.0.1:6432
    upstream: { addresses: db1 }
)";

std::string smallest_and(const std::string& more) { return std::string(kSmallest) + more; }

TEST_F(ConfigFile, SmallestFileAndItsDefaults) {
  const auto loaded = load(std::string(kSmallest));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Config& config = **loaded;
  ASSERT_EQ(config.servers.size(), 1U);
  const ServerConfig& server = config.servers[0];
  EXPECT_EQ(server.name, "shop");
  EXPECT_EQ(server.engine, "postgresql");
  EXPECT_EQ(server.listen, (std::vector<Endpoint>{{.host = "127.0.0.1", .port = 6432}}));
  EXPECT_EQ(server.upstream.addresses, (std::vector<Endpoint>{{.host = "db1", .port = 5432}}));
  EXPECT_EQ(server.upstream.target, "any");
  EXPECT_EQ(server.upstream.tls, ServerTlsMode::kPrefer);
  EXPECT_EQ(server.tls.mode, ClientTlsMode::kDisable);
  EXPECT_FALSE(server.guard_login.has_value());
  ASSERT_EQ(server.databases.size(), 1U);
  EXPECT_EQ(server.database("anything").name, "*");
  EXPECT_EQ(server.database("anything").mode, policies::Mode::kObserve);
  EXPECT_TRUE(config.audit.file.empty());
  EXPECT_TRUE(config.audit.block_on_failure);
  EXPECT_FALSE(config.admin.has_value());
  EXPECT_EQ(config.workers, 1U);
  EXPECT_EQ(config.limits.message_bytes_max, Limits{}.message_bytes_max);
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("no audit is written")));
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("no migrators")));
}

TEST_F(ConfigFile, EveryKey) {
  const auto loaded = load(R"(servers:
  - name: shop
    engine: postgresql
    listen: [10.0.0.4:6432, "[2001:db8::4]:6432", /run/schemaguard:6432]
    migration_listen: 10.0.0.4:6433
    upstream:
      addresses: [db1:5432, /var/run/postgresql]
      target: primary
      tls: verify-full
      ca: ca.pem
      certificate: server.pem
      key: server.key
      pooler: session
    tls: { mode: require, certificate: server.pem, key: server.key, client_ca: ca.pem }
    proxy_protocol: { accept_from: [10.0.0.0/28], send: false }
    guard_login: { user: schemaguard, password_file: password, database: admin }
    mode: enforce
    migrators: [ { user: deploy, from: [10.1.0.0/16] }, { user: "ci-*", certificate: ci.example } ]
    replication_users: [standby1]
    function_call_oids: [952, 953]
    allowed_extensions: [postgis]
    plain_functions: "app.*"
    hint: ask in the database channel
    rules:
      - { name: everywhere, match: { class: setting }, action: log }
    databases:
      orders:
        mode: warn
        hint: another hint
        plain_functions: [extra]
        schemas: { exclude: [cron] }
        migrations: { tool: auto, directory: ./migrations, match: exact }
        expected: migrations
        rules:
          - name: no-drops
            match:
              class: schema
              command: [ALTER TABLE, DROP TABLE]
              change: [drop_table, drop_column]
              object: "public.*"
              user: app
              database: orders
              application: psql
              from: [10.0.0.0/8]
              certificate: "*.example"
              sanctioned: true
              approval: false
              hazard: rewrite
            unless: { window: "sat,sun 02:00-04:00 Europe/Berlin" }
            action: block
            hint: not today
            mode: observe
            after: refuse_writes
      "stage_*":
audit: { file: audit.jsonl, on_failure: continue }
admin: { listen: 127.0.0.1:9187 }
store: { sqlite: state.db }
keys: { publish: [ci.pub], approve: [alice.pub] }
limits:
  message_bytes_max: 1MiB
  parse_bytes_max: 64KiB
  statements_max: 5000
  small_message_bytes_max: 20000
  startup_bytes_max: 8KiB
  authentication_bytes_max: 64KiB
  pending_bytes_max: 128KiB
  pending_requests_max: 1000
  statements_per_session_max: 2000
  prepared_bytes_per_session_max: 1MiB
  held_bytes_max: 1GiB
  sessions_max: 300
timeouts:
  handshake: 30s
  connect: 1500ms
  drain: 2m
  keepalive_idle: 1h
  keepalive_interval: 20s
  keepalive_probes: 3
workers: 2
parse_threads: 3
)");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Config& config = **loaded;
  const ServerConfig& server = config.servers.at(0);
  ASSERT_EQ(server.listen.size(), 3U);
  EXPECT_EQ(server.listen[1].display(), "[2001:db8::4]:6432");
  EXPECT_TRUE(server.listen[2].is_unix());
  EXPECT_EQ(server.listen[2].display(), "/run/schemaguard:6432");
  EXPECT_EQ(server.migration_listen.at(0).port, 6433);
  EXPECT_EQ(server.upstream.addresses.at(1), (Endpoint{.host = "/var/run/postgresql", .port = 5432}));
  EXPECT_EQ(server.upstream.target, "primary");
  EXPECT_EQ(server.upstream.tls, ServerTlsMode::kVerifyFull);
  EXPECT_EQ(server.upstream.ca, path("ca.pem"));  // read against the file's own directory
  EXPECT_EQ(server.upstream.certificate, path("server.pem"));
  EXPECT_EQ(server.upstream.key, path("server.key"));
  EXPECT_EQ(server.tls.mode, ClientTlsMode::kRequire);
  EXPECT_EQ(server.tls.client_ca, path("ca.pem"));
  EXPECT_EQ(server.proxy_protocol.accept_from, std::vector<std::string>{"10.0.0.0/28"});
  EXPECT_EQ(server.guard_login->user, "schemaguard");
  EXPECT_EQ(server.guard_login->password_file, path("password"));
  EXPECT_EQ(server.guard_login->database, "admin");
  EXPECT_EQ(server.replication_users, std::vector<std::string>{"standby1"});
  EXPECT_EQ(server.function_call_oids, (std::vector<uint32_t>{952, 953}));

  ASSERT_EQ(server.databases.size(), 3U);
  const ServerConfig::Database& orders = server.database("orders");
  EXPECT_EQ(orders.mode, policies::Mode::kWarn);
  const policies::PolicyOptions& options = orders.policy->options();
  EXPECT_EQ(options.server, "shop");
  EXPECT_EQ(options.hint, "another hint");
  EXPECT_EQ(options.plain_functions, (std::vector<std::string>{"extra", "app.*"}));
  EXPECT_EQ(options.allowed_extensions, std::vector<std::string>{"postgis"});
  ASSERT_EQ(options.migrators.size(), 2U);
  EXPECT_EQ(options.migrators[0].from, std::vector<std::string>{"10.1.0.0/16"});
  EXPECT_EQ(options.migrators[1].certificate, "ci.example");
  ASSERT_EQ(options.rules.size(), 2U);  // the database's own rules come first
  const policies::Rule& rule = options.rules[0];
  EXPECT_EQ(rule.name, "no-drops");
  EXPECT_EQ(rule.match.classes, std::vector<std::string>{"schema"});
  EXPECT_EQ(rule.match.commands, (std::vector<std::string>{"ALTER TABLE", "DROP TABLE"}));
  EXPECT_EQ(rule.match.changes, (std::vector<std::string>{"drop_table", "drop_column"}));
  EXPECT_EQ(rule.match.objects, std::vector<std::string>{"public.*"});
  EXPECT_EQ(rule.match.users, std::vector<std::string>{"app"});
  EXPECT_EQ(rule.match.databases, std::vector<std::string>{"orders"});
  EXPECT_EQ(rule.match.applications, std::vector<std::string>{"psql"});
  EXPECT_EQ(rule.match.from, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(rule.match.certificates, std::vector<std::string>{"*.example"});
  EXPECT_EQ(rule.match.sanctioned, true);
  EXPECT_EQ(rule.match.approval, false);
  EXPECT_EQ(rule.match.hazards, std::vector<std::string>{"rewrite"});
  EXPECT_EQ(rule.unless->windows, std::vector<std::string>{"sat,sun 02:00-04:00 Europe/Berlin"});
  EXPECT_EQ(rule.action, policies::Action::kBlock);
  EXPECT_EQ(rule.hint, "not today");
  EXPECT_EQ(rule.mode, policies::Mode::kObserve);
  EXPECT_EQ(rule.after, policies::Verdict::After::kRefuseWrites);
  EXPECT_EQ(rule.origin, path("guard.yaml") + ":35");
  EXPECT_EQ(options.rules[1].name, "everywhere");
  EXPECT_EQ(server.database("stage_7").name, "stage_*");
  EXPECT_EQ(server.database("stage_7").mode, policies::Mode::kEnforce);
  EXPECT_EQ(server.database("elsewhere").name, "*");
  EXPECT_EQ(server.database("elsewhere").policy->options().hint, "ask in the database channel");

  EXPECT_EQ(config.audit.file, path("audit.jsonl"));
  EXPECT_FALSE(config.audit.block_on_failure);
  EXPECT_EQ(config.admin->display(), "127.0.0.1:9187");
  EXPECT_EQ(config.store_sqlite, path("state.db"));
  EXPECT_EQ(config.limits.message_bytes_max, 1024U * 1024);
  EXPECT_EQ(config.limits.parse_bytes_max, 64U * 1024);
  EXPECT_EQ(config.limits.statements_max, 5000U);
  EXPECT_EQ(config.limits.small_message_bytes_max, 20000U);
  EXPECT_EQ(config.limits.startup_bytes_max, 8192U);
  EXPECT_EQ(config.limits.authentication_bytes_max, 65536U);
  EXPECT_EQ(config.limits.pending_bytes_max, 131072U);
  EXPECT_EQ(config.limits.pending_requests_max, 1000U);
  EXPECT_EQ(config.limits.statements_per_session_max, 2000U);
  EXPECT_EQ(config.limits.prepared_bytes_per_session_max, 1024U * 1024U);
  EXPECT_EQ(config.limits.held_bytes_max, 1024U * 1024 * 1024);
  EXPECT_EQ(config.limits.sessions_max, 300U);
  EXPECT_EQ(config.timeouts.handshake, std::chrono::seconds(30));
  EXPECT_EQ(config.timeouts.connect, std::chrono::milliseconds(1500));
  EXPECT_EQ(config.timeouts.drain, std::chrono::minutes(2));
  EXPECT_EQ(config.timeouts.keepalive_idle, std::chrono::hours(1));
  EXPECT_EQ(config.timeouts.keepalive_interval, std::chrono::seconds(20));
  EXPECT_EQ(config.timeouts.keepalive_probes, 3);
  EXPECT_EQ(config.workers, 2U);
  EXPECT_EQ(config.parse_threads, 3U);
  // Nothing is ignored in silence.
  for (const std::string key : {"schemas", "migrations", "expected", "store", "keys"}) {
    EXPECT_THAT(config.warnings, testing::Contains(HasSubstr(key + ": this key has no effect"))) << key;
  }
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("TLS on both legs")));
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("no hazard is known")));
}

TEST_F(ConfigFile, ErrorsNameLineKeyValueAndWhatIsAccepted) {
  struct Case {
    std::string more;
    int line;
    std::string key;
    std::string text;
  };
  // Lines 1 to 4 are the smallest file.
  const std::vector<Case> cases = {
      {"workers: many\n", 5, "workers", "found \"many\"; accepted: a number from 1 to 256"},
      {"workers: 0\n", 5, "workers", "found \"0\""},
      {"worker: 2\n", 5, "worker", "unknown key; did you mean workers?"},
      {"zebra: 2\n", 5, "zebra", "unknown key; accepted: servers, audit, admin"},
      {"workers: 1\nworkers: 2\n", 6, "workers", "this key is written twice"},
      {"workers:\n", 5, "workers", "nothing is written"},
      {"audit: { fil: x }\n", 5, "audit.\"fil\"", "did you mean file?"},
      {"audit: {}\n", 5, "audit.file", "the audit needs a file"},
      {"audit: { file: x, on_failure: stop }\n", 5, "audit.on_failure", "found \"stop\"; accepted: block, continue"},
      {"audit: yes\n", 5, "audit", "found \"yes\"; accepted: a mapping"},
      {"audit: { file: / }\n", 5, "audit.file", "found \"/\", which is a directory"},
      {"audit: { file: . }\n", 5, "audit.file", "which is a directory; accepted: a file"},
      {"admin: { listen: 9187 }\n", 5, "admin.listen", "the port is missing"},
      {"admin: {}\n", 5, "admin.listen", "needs an address"},
      {"admin: { listen: 127.0.0.1:6432 }\n", 1, "servers", "two listeners share the address 127.0.0.1:6432"},
      {"limits:\n  message_bytes_max: 3\n", 6, "limits.message_bytes_max", "accepted: 1024 to"},
      {"limits:\n  message_bytes_max: 3 MB\n", 6, "limits.message_bytes_max", "KiB, MiB or GiB"},
      {"limits: { parse_bytes_max: 1MiB }\n", 5, "limits.parse_bytes_max", "found \"1MiB\""},
      {"limits: { held_bytes_max: 2MiB }\n", 5, "limits.held_bytes_max", "at least message_bytes_max"},
      {"limits: { session_max: 2 }\n", 5, "limits.\"session_max\"", "did you mean sessions_max?"},
      {"timeouts: { connect: 5 }\n", 5, "timeouts.connect", "a time with its unit"},
      {"timeouts: { connect: 0s }\n", 5, "timeouts.connect", "found \"0s\""},
      {"timeouts: { keepalive_idle: 500ms }\n", 5, "timeouts.keepalive_idle", "whole seconds"},
      {"keys: { publish: a.pub, approve: a.pub }\n", 5, "keys.approve", "never stands in both"},
      {"store: { sqlite: a, etcd: http://x }\n", 5, "store.etcd", "not both"},
      {"    mode: enforcing\n", 5, "servers[0].mode", "accepted: off, observe, warn, enforce"},
      {"    mod: enforce\n", 5, "servers[0].\"mod\"", "did you mean mode?"},
      {"    engine: oracle\n", 5, "servers[0].engine", "accepted: postgresql, mysql"},
      {"    local_infile: allow\n", 5, "servers[0].local_infile", "engine: mysql only"},
      {"    databases: { a: { local_infile: block } }\n", 5, "servers[0].databases.a.local_infile", "mysql only"},
      {"    migration_listen: nowhere\n", 5, "servers[0].migration_listen", "the port is missing"},
      {"    migration_listen: [ok:1, bad:99999]\n", 5, "servers[0].migration_listen", "0 to 65535"},
      {"    tls: { mode: require }\n", 5, "servers[0].tls.mode", "needs a certificate and its key"},
      {"    tls: { mode: sometimes }\n", 5, "servers[0].tls.mode", "accepted: disable, allow, require"},
      {"    tls: { certificate: missing.pem }\n", 5, "servers[0].tls.certificate", "cannot be read"},
      {"    proxy_protocol: { accept_from: [10.0.0.1/8] }\n", 5, "servers[0].proxy_protocol.accept_from", "10.0.0.1/8"},
      {"    proxy_protocol: { send: maybe }\n", 5, "servers[0].proxy_protocol.send", "accepted: true or false"},
      {"    guard_login: { password_env: PW }\n", 5, "servers[0].guard_login.user", "needs a user"},
      {"    guard_login: { user: g, password_env: PW, password_file: password }\n", 5,
       "servers[0].guard_login.password_env", "not both"},
      {"    function_call_oids: [952, many]\n", 5, "servers[0].function_call_oids", "function OIDs"},
      {"    migrators: deploy\n", 5, "servers[0].migrators", "found \"deploy\"; accepted: a list"},
      {"    migrators: [ deploy ]\n", 5, "servers[0].migrators[0]", "accepted: a mapping"},
      {"    migrators: [ { user: deploy, from: everywhere } ]\n", 5, "servers[0].migrators[0].from", "no network"},
      {"    migrators: [ { from: 10.0.0.0/8 } ]\n", 5, "servers[0].migrators[0].user", "needs a user"},
      {"    databases: [orders]\n", 5, "servers[0].databases", "accepted: database names with settings"},
      {"    databases:\n      orders: { mode: on }\n", 6, "servers[0].databases.orders.mode", "found \"on\""},
      {"    databases:\n      a:\n      a:\n", 7, "servers[0].databases.a", "written twice"},
      {"    rules:\n      - name: a\n", 6, "servers[0].rules[0].action", "every rule needs an action"},
      {"    rules:\n      - action: log\n", 6, "servers[0].rules[0].name", "every rule needs a name"},
      {"    rules:\n      - name: a\n        action: forbid\n", 7, "servers[0].rules[0].action",
       "accepted: allow, log, warn, block"},
      {"    rules:\n      - name: a\n        action: log\n        match: { clas: schema }\n", 8,
       "servers[0].rules[0].match.\"clas\"", "did you mean class?"},
      {"    rules:\n      - { name: a, action: log }\n      - { name: a, action: log }\n", 7,
       "servers[0].rules[1].name", "also the name of the rule at"},
      {"    rules:\n      - { name: a, action: log, after: never }\n", 6, "servers[0].rules[0].after",
       "accepted: continue, refuse_writes, disconnect"},
  };
  for (const Case& one : cases) {
    const std::string error = error_of(smallest_and(one.more));
    EXPECT_THAT(error, HasSubstr(place(one.line))) << one.more;
    EXPECT_THAT(error, HasSubstr(one.key)) << one.more;
    EXPECT_THAT(error, HasSubstr(one.text)) << one.more;
  }
}

TEST_F(ConfigFile, RulesThatCannotBeCompiledNameTheirLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"match: { class: schemas }", "match key class: \"schemas\" is no class; accepted: query, session"},
      {"match: { object: 'public.' }", "match key object"},
      {"match: { from: 10.0.0.0/40 }", "match key from"},
      {"match: { window: 'sat 02:00-04:00 Europe/Atlantis' }", "match key window"},
      {"unless: {}", "unless"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string error = error_of(smallest_and("    rules:\n      - { name: mine, action: log, " + text + " }\n"));
    EXPECT_THAT(error, HasSubstr("rule mine at " + path("guard.yaml") + ":6")) << text;
    EXPECT_THAT(error, HasSubstr(expected)) << text;
  }
}

TEST_F(ConfigFile, ServersMustBeWhole) {
  EXPECT_THAT(error_of("workers: 1\n"), HasSubstr("at least one server"));
  EXPECT_THAT(error_of("servers: []\n"), HasSubstr("at least one server"));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n"), HasSubstr("needs an address to listen on"));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n"), HasSubstr("needs an upstream"));
  EXPECT_THAT(error_of("servers:\n  - name: shop/1\n    listen: a:1\n    upstream: { addresses: b }\n"),
              HasSubstr(place(2) + "servers[0].name"));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n    listen: a:1\n    upstream: {}\n"),
              HasSubstr("at least one address"));
  EXPECT_THAT(
      error_of("servers:\n  - name: shop\n    listen: a:1\n    upstream: { addresses: b, pooler: transaction }\n"),
      HasSubstr("session mode"));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n    listen: a:1\n    upstream: { addresses: b, key: server.key }\n"),
              HasSubstr("belong together"));
  EXPECT_THAT(error_of(std::string(kSmallest) + "  - name: shop\n    listen: a:1\n    upstream: { addresses: db2 }\n"),
              HasSubstr("two servers share the name shop"));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n    listen: [a:1, a:2]\n    upstream: { addresses: [b, a:2] }\n"),
              HasSubstr("a:2 is an upstream and a listener of shop"));
}

TEST_F(ConfigFile, AllErrorsAreSaidAtOnce) {
  const std::string error = error_of(smallest_and("    mode: x\nworkers: y\naudit: 3\n"));
  EXPECT_THAT(error, HasSubstr(place(5)));
  EXPECT_THAT(error, HasSubstr(place(6)));
  EXPECT_THAT(error, HasSubstr(place(7)));
}

TEST_F(ConfigFile, WhatIsNoYamlNamesItsLine) {
  EXPECT_THAT(error_of("servers: [\n  - a\n"), HasSubstr("guard.yaml:"));
  EXPECT_THAT(error_of("servers: [\n  - a\n"), HasSubstr("this is no YAML"));
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("- a\n- b\n"), HasSubstr("accepted: a mapping"));
  EXPECT_THAT(error_of("a: 1\n---\nb: 2\n"), HasSubstr("more than one YAML document"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("this is no YAML"));
  EXPECT_THAT(std::string(load_config(path("nowhere.yaml")).status().message()), HasSubstr("cannot be opened"));
  EXPECT_FALSE(load_config(directory_.string()).ok());
}

TEST_F(ConfigFile, SecretsAreNeverRepeated) {
  EXPECT_THAT(error_of(smallest_and("    guard_login: { user: g, password: hunter2 }\n")), Not(HasSubstr("hunter2")));
  EXPECT_THAT(error_of("servers:\n  - name: shop\n    listen: a:1\n"
                       "    upstream: { addresses: 'postgresql://u:hunter2@db/x' }\n"),
              Not(HasSubstr("hunter2")));
  EXPECT_THAT(error_of(smallest_and("    tls: 'postgresql://u:hunter2@db/x'\n")), Not(HasSubstr("hunter2")));
}

TEST(Endpoint, ReadsAndPrints) {
  const std::vector<std::tuple<std::string, std::string, uint16_t, std::string>> table = {
      {"db1:5433", "db1", 5433, "db1:5433"},
      {"db1", "db1", 5432, "db1:5432"},
      {"10.0.0.1:0", "10.0.0.1", 0, "10.0.0.1:0"},
      {"[::1]:6432", "::1", 6432, "[::1]:6432"},
      {"[::1]", "::1", 5432, "[::1]:5432"},
      {"2001:db8::1", "2001:db8::1", 5432, "[2001:db8::1]:5432"},
      {"*:6432", "0.0.0.0", 6432, "0.0.0.0:6432"},
      {"/var/run/postgresql", "/var/run/postgresql", 5432, "/var/run/postgresql:5432"},
      {"/var/run/postgresql:6000", "/var/run/postgresql", 6000, "/var/run/postgresql:6000"},
      {"/tmp/odd:name", "/tmp/odd:name", 5432, "/tmp/odd:name:5432"},
  };
  for (const auto& [text, host, port, shown] : table) {
    const auto endpoint = parse_endpoint(text, 5432);
    ASSERT_TRUE(endpoint.ok()) << text << endpoint.status();
    EXPECT_EQ(endpoint->host, host);
    EXPECT_EQ(endpoint->port, port);
    EXPECT_EQ(endpoint->display(), shown);
  }
  for (const std::string bad :
       {"", ":5432", "db1:", "db1:65536", "db1:-1", "[::1", "[::1]x", "[]:1", "a b:1", "db/1:5"}) {
    EXPECT_FALSE(parse_endpoint(bad, 5432).ok()) << bad;
  }
  EXPECT_FALSE(parse_endpoint("db1", 0).ok());
}

TEST(RunFlags, BecomeAConfig) {
  RunFlags flags;
  flags.listen = {"127.0.0.1:6432"};
  flags.upstream = {"db1"};
  flags.mode = "enforce";
  flags.migrators = {"deploy", "odd*name"};
  flags.audit = "audit.jsonl";
  flags.admin = "127.0.0.1:9187";
  flags.workers = 4;
  const auto config = config_from_flags(flags);
  ASSERT_TRUE(config.ok()) << config.status();
  const ServerConfig& server = (*config)->servers.at(0);
  EXPECT_EQ(server.upstream.addresses.at(0).port, 5432);
  EXPECT_EQ(server.database("x").mode, policies::Mode::kEnforce);
  EXPECT_EQ((*config)->workers, 4U);
  EXPECT_EQ((*config)->audit.file, "audit.jsonl");
  EXPECT_TRUE((*config)->warnings.empty());
  policies::Subject subject;
  subject.user = "deploy";
  EXPECT_TRUE(server.database("x").policy->is_migrator(subject));
  subject.user = "oddXname";  // a login name on the command line is no pattern
  EXPECT_FALSE(server.database("x").policy->is_migrator(subject));
}

TEST(RunFlags, SayWhatIsMissing) {
  RunFlags flags;
  EXPECT_THAT(std::string(config_from_flags(flags).status().message()), HasSubstr("--listen"));
  flags.listen = {"127.0.0.1:6432"};
  EXPECT_THAT(std::string(config_from_flags(flags).status().message()), HasSubstr("--upstream"));
  flags.upstream = {"db1"};
  const auto config = config_from_flags(flags);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ((*config)->servers[0].database("x").mode, policies::Mode::kObserve);
  EXPECT_THAT((*config)->warnings.front(), HasSubstr("observing only"));
  EXPECT_THAT((*config)->warnings, testing::Contains(HasSubstr("no audit is written")));
  const std::vector<std::pair<std::string, std::function<void(RunFlags&)>>> mistakes = {
      {"--mode", [](RunFlags& bad) { bad.mode = "on"; }},
      {"--engine", [](RunFlags& bad) { bad.engine = "oracle"; }},
      {"--admin", [](RunFlags& bad) { bad.admin = "nowhere"; }},
      {"--migration-listen", [](RunFlags& bad) { bad.migration_listen = {"x"}; }},
      {"--workers: found \"1000\"; accepted: a number from 1 to 256", [](RunFlags& bad) { bad.workers = 1000; }},
      {"--workers: found \"0\"", [](RunFlags& bad) { bad.workers = 0; }},
  };
  for (const auto& [flag, make] : mistakes) {
    RunFlags bad = flags;
    make(bad);
    EXPECT_THAT(std::string(config_from_flags(bad).status().message()), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace schemaguard::proxy
