#include "parser/mysql/greeting.h"

#include <gtest/gtest.h>

#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

// Recorded from mariadb-server 10.11.19.
std::string mariadb_greeting() {
  return bytes(
      "0a '5.5.5-10.11.19-MariaDB-0+deb12u1' 00 05 00 00 00 2d 4b 70 74 73 66 27 2c 00 fe f7 2d 02 00 ff 81 15"
      " 00 00 00 00 00 00 1d 00 00 00 46 5b 79 6d 38 6f 46 4f 39 6f 46 4e 00 'mysql_native_password' 00");
}

// As MySQL 8.4 writes it.
std::string mysql_greeting() {
  return bytes(
      "0a '8.4.3' 00 08 00 00 00 11 12 13 14 15 16 17 18 00 ff ff ff 02 00 ff df 15"
      " 00 00 00 00 00 00 00 00 00 00 21 22 23 24 25 26 27 28 29 2a 2b 2c 00 'caching_sha2_password' 00");
}

TEST(Greeting, ReadsAMariaDb) {
  const std::string body = mariadb_greeting();
  const auto greeting = decode_greeting(body);
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(greeting->plain_version(), "10.11.19-MariaDB-0+deb12u1");
  EXPECT_TRUE(greeting->is_mariadb());
  EXPECT_EQ(greeting->connection_id, 5U);
  EXPECT_EQ(greeting->capabilities, (Capabilities{0x81FFF7FE, 0x1D}));
  EXPECT_EQ(greeting->charset, 45U);
  EXPECT_EQ(greeting->status, kStatusAutocommit);
  EXPECT_EQ(greeting->nonce_start, "-Kptsf',");
  EXPECT_EQ(greeting->nonce_rest, "F[ym8oFO9oFN");
  EXPECT_EQ(greeting->plugin, "mysql_native_password");
}

TEST(Greeting, ReadsAMySql) {
  const std::string body = mysql_greeting();
  const auto greeting = decode_greeting(body);
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->plain_version(), "8.4.3");
  EXPECT_FALSE(greeting->is_mariadb());
  EXPECT_EQ(greeting->capabilities, (Capabilities{0xDFFFFFFF, 0}));
  EXPECT_EQ(greeting->nonce_rest.size(), 12U);
  EXPECT_EQ(greeting->plugin, "caching_sha2_password");
}

TEST(Greeting, ReservedBytesOfAMySqlAreNoCapabilities) {
  std::string body = mysql_greeting();
  body[body.find("\x15", 10) + 7] = '\x1D';
  const auto greeting = decode_greeting(body);
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->capabilities.mariadb, 0U);
}

TEST(Greeting, CutAnywhereBeforeThePluginIsMalformed) {
  for (const std::string& body : {mariadb_greeting(), mysql_greeting()}) {
    const size_t plugin_at = body.rfind('\0', body.size() - 2) + 1;
    for (size_t size = 0; size < plugin_at; ++size) {
      EXPECT_FALSE(decode_greeting(std::string_view(body).substr(0, size)).has_value()) << size;
    }
    EXPECT_TRUE(decode_greeting(std::string_view(body).substr(0, body.size() - 1)).has_value());
    EXPECT_FALSE(decode_greeting(body + "x").has_value());
    EXPECT_FALSE(decode_greeting(body + '\0').has_value());
  }
}

TEST(Greeting, OtherProtocolsAreNone) {
  std::string body = mariadb_greeting();
  body[0] = 9;
  EXPECT_FALSE(decode_greeting(body).has_value());
  EXPECT_FALSE(decode_greeting(bytes("ff 10 04 'Too many connections'")).has_value());
  EXPECT_FALSE(decode_greeting("").has_value());
  EXPECT_FALSE(masked_greeting("", ~0U, ~0U, false).has_value());
}

TEST(Greeting, MaskChangesOnlyCapabilityBits) {
  const std::string body = mariadb_greeting();
  EXPECT_EQ(masked_greeting(body, ~0U, ~0U, false), body);
  const auto masked = masked_greeting(body, kDecodedCapabilities, kMariaDbProgress, true);
  ASSERT_TRUE(masked.has_value());
  const auto greeting = decode_greeting(*masked);
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->capabilities.base, (0x81FFF7FE & ~kClientCompress) | kClientSsl);
  EXPECT_EQ(greeting->capabilities.mariadb, kMariaDbProgress);
  ASSERT_EQ(masked->size(), body.size());
  size_t changed = 0;
  for (size_t i = 0; i < body.size(); ++i) changed += body[i] != (*masked)[i];
  EXPECT_EQ(changed, 3U);  // compression, TLS, extended
}

TEST(Greeting, MaskKeepsTheShape) {
  const std::string body = mysql_greeting();
  const auto masked = masked_greeting(body, 0, 0, false);
  ASSERT_TRUE(masked.has_value());
  const auto greeting = decode_greeting(*masked);
  ASSERT_TRUE(greeting.has_value());
  EXPECT_EQ(greeting->capabilities.base, kClientShapeOfGreeting);
  EXPECT_FALSE(greeting->is_mariadb());
  EXPECT_EQ(greeting->plugin, "caching_sha2_password");
}

}  // namespace
}  // namespace schemaguard::parser::mysql
