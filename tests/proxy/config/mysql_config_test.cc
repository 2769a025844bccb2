// The configuration of MySQL and MariaDB servers: what differs from PostgreSQL's, and what is said of keys that belong
// to the other engine.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "proxy/config/config.h"
#include "proxy/config/run_flags.h"

namespace schemaguard::proxy {
namespace {

class MysqlConfig : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "schemaguard-mysql-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    std::ofstream(directory_ / "server.pem") << "x";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<std::shared_ptr<const Config>> load(const std::string& more) {
    const std::string file = (directory_ / "guard.yaml").string();
    std::ofstream(file) << "servers:\n  - name: shop\n    engine: mysql\n" << more;
    return load_config(file);
  }
  std::string error_of(const std::string& more) {
    const auto config = load(more);
    return config.ok() ? "no error" : std::string(config.status().message());
  }

  std::filesystem::path directory_;
};

constexpr const char* kEndpoints = "    listen: 127.0.0.1\n    upstream: { addresses: db1 }\n";

TEST_F(MysqlConfig, ports_and_sockets) {
  const auto config = load(
      "    listen: [127.0.0.1, \"[::1]\", 10.0.0.4:3307, /run/guard/mysqld.sock]\n"
      "    upstream: { addresses: [db1, \"db2:3310\", /run/mysqld/mysqld.sock] }\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const ServerConfig& server = (*config)->servers[0];
  EXPECT_TRUE(server.is_mysql());
  EXPECT_EQ(server.listen, (std::vector<Endpoint>{{.host = "127.0.0.1", .port = 3306},
                                                  {.host = "::1", .port = 3306},
                                                  {.host = "10.0.0.4", .port = 3307},
                                                  {.host = "/run/guard/mysqld.sock", .port = 0}}));
  EXPECT_EQ(server.upstream.addresses, (std::vector<Endpoint>{{.host = "db1", .port = 3306},
                                                              {.host = "db2", .port = 3310},
                                                              {.host = "/run/mysqld/mysqld.sock", .port = 0}}));
  EXPECT_EQ(server.listen[3].display(), "/run/guard/mysqld.sock");
}

TEST_F(MysqlConfig, keys_of_the_other_engine_are_errors) {
  const struct {
    const char* more;
    const char* error;
  } cases[] = {
      {"    function_call_oids: [5]\n",
       "guard.yaml:6: servers[0].function_call_oids: this key is for engine: postgresql"},
      {"    allowed_extensions: [a]\n", "servers[0].allowed_extensions: this key is for engine: postgresql"},
      {"    databases: { a: { allowed_extensions: [b] } }\n", "servers[0].databases.a.allowed_extensions"},
      {"    guard_login: { user: g, database: mysql }\n", "servers[0].guard_login.database: this key is for engine"},
      {"    local_infile: yes\n", "accepted: block, allow"},
  };
  for (const auto& one : cases) {
    const std::string error = error_of(std::string(kEndpoints) + one.more);
    EXPECT_NE(error.find(one.error), std::string::npos) << error;
  }
  const std::string error = error_of("    listen: /run/guard:3306\n    upstream: { addresses: db1 }\n");
  EXPECT_NE(error.find("has no port on MySQL"), std::string::npos) << error;
}

TEST_F(MysqlConfig, the_primary_may_be_asked_for) {
  const auto config = load("    listen: 127.0.0.1\n    upstream: { addresses: [db1, db2], target: primary }\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ((*config)->servers[0].upstream.target, "primary");
}

TEST_F(MysqlConfig, local_infile_may_differ_by_database) {
  const auto config =
      load(std::string(kEndpoints) +
           "    local_infile: allow\n    migrators: [ { user: deploy } ]\n    replication_users: [repl]\n"
           "    databases: { Orders: { local_infile: block }, \"scratch_*\": { mode: off } }\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const ServerConfig& server = (*config)->servers[0];
  EXPECT_FALSE(server.database("orders").policy->options().local_infile);
  EXPECT_TRUE(server.database("SCRATCH_1").policy->options().local_infile);
  EXPECT_EQ(server.database("SCRATCH_1").mode, policies::Mode::kOff);
  EXPECT_TRUE(server.database("other").policy->options().local_infile);
  EXPECT_TRUE(server.database("other").policy->is_mysql());
  EXPECT_NE(server.database("orders").policy->version(), server.database("other").policy->version());
  EXPECT_EQ(server.replication_users, std::vector<std::string>{"repl"});
}

TEST_F(MysqlConfig, warns_of_mixed_encryption) {
  const auto warns = [&](const std::string& more) {
    const auto config = load(more);
    EXPECT_TRUE(config.ok()) << config.status();
    if (!config.ok()) return false;
    for (const std::string& warning : (*config)->warnings) {
      if (warning.find("TLS on") != std::string::npos) return warning.find("TLS on one leg only") != std::string::npos;
    }
    return false;
  };
  const std::string tls = "    tls: { mode: allow, certificate: server.pem, key: server.pem }\n    listen: 127.0.0.1\n";
  EXPECT_TRUE(warns("    listen: 127.0.0.1\n    upstream: { addresses: db1, tls: require }\n"));
  EXPECT_TRUE(warns(tls + "    upstream: { addresses: db1, tls: disable }\n"));
  EXPECT_FALSE(warns(tls + "    upstream: { addresses: db1, tls: require }\n"));
  EXPECT_FALSE(warns(kEndpoints));
}

TEST(MysqlRunFlags, name_the_engine) {
  RunFlags flags;
  flags.engine = "mysql";
  flags.listen = {"127.0.0.1"};
  flags.upstream = {"/run/mysqld/mysqld.sock"};
  flags.mode = "enforce";
  const auto config = config_from_flags(flags);
  ASSERT_TRUE(config.ok()) << config.status();
  const ServerConfig& server = (*config)->servers[0];
  EXPECT_TRUE(server.is_mysql());
  EXPECT_EQ(server.listen[0].port, 3306);
  EXPECT_EQ(server.upstream.addresses[0].display(), "/run/mysqld/mysqld.sock");
  EXPECT_TRUE(server.databases.back().policy->is_mysql());
}

}  // namespace
}  // namespace schemaguard::proxy
