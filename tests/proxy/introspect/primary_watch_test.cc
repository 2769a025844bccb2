#include "proxy/introspect/primary_watch.h"

#include <gtest/gtest.h>

namespace schemaguard::proxy::introspect {
namespace {

ServerConfig server_with(std::string target) {
  ServerConfig server;
  server.name = "shop";
  server.upstream.target = std::move(target);
  server.upstream.addresses = {{.host = "a", .port = 1}, {.host = "b", .port = 2}, {.host = "c", .port = 3}};
  return server;
}

using Order = std::vector<size_t>;

TEST(PrimaryWatch, KeepsTheConfiguredOrderUntilSomethingIsKnown) {
  const PrimaryWatch watch;
  EXPECT_EQ(watch.order(server_with("primary"), {}), (Order{0, 1, 2}));
}

TEST(PrimaryWatch, TriesStandbysLastAndForgetsThem) {
  PrimaryWatch watch;
  const ServerConfig server = server_with("primary");
  const PrimaryWatch::Clock::time_point start{};
  watch.note_standby(server, "a:1", start);
  watch.note_unreachable(server, "b:2", start);
  EXPECT_EQ(watch.order(server, start), (Order{2, 1, 0}));
  watch.note_standby(server, "c:3", start + std::chrono::seconds(1));
  EXPECT_EQ(watch.order(server, start + std::chrono::seconds(1)), (Order{1, 0, 2}));
  EXPECT_EQ(watch.order(server, start + PrimaryWatch::kMemory), (Order{0, 1, 2}));
}

TEST(PrimaryWatch, AnyServerWillDoWhenNobodyAskedForThePrimary) {
  PrimaryWatch watch;
  const ServerConfig any = server_with("any");
  watch.note_standby(server_with("primary"), "a:1", {});
  EXPECT_EQ(watch.order(any, {}), (Order{0, 1, 2}));
  EXPECT_FALSE(PrimaryWatch::is_probed(any));
}

TEST(PrimaryWatch, AsksOnlyWithALoginAndAChoice) {
  ServerConfig server = server_with("primary");
  EXPECT_FALSE(PrimaryWatch::is_probed(server));
  server.guard_login = ServerConfig::GuardLogin{.user = "g", .password_file = {}, .password_env = {}};
  EXPECT_TRUE(PrimaryWatch::is_probed(server));
  server.upstream.addresses.resize(1);
  EXPECT_FALSE(PrimaryWatch::is_probed(server));
}

}  // namespace
}  // namespace schemaguard::proxy::introspect
