#include "parser/mysql/login_request.h"

#include <gtest/gtest.h>

#include "tests/parser/mysql/wire_bytes.h"

namespace schemaguard::parser::mysql {
namespace {

// Accepted by mariadb-server 10.11.19: secure connection, plugin, database; MariaDB's capabilities 0x1d.
std::string mariadb_login() {
  return bytes(
      "8c a2 8f 01 00 00 00 01 2d 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1d 00 00 00"
      " 'root' 00 00 'wire' 00 'mysql_native_password' 00");
}

// Documentation of MySQL: length-encoded answer, attributes.
std::string mysql_login() {
  return bytes(
      "85 a2 bf 01 00 00 00 40 ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
      " 'app' 00 04 01 02 00 03 'caching_sha2_password' 00 12 03 '_os' 05 'Linux' 04 '_pid' 02 '42'");
}

TEST(LoginRequest, ReadsAMariaDbClient) {
  const std::string body = mariadb_login();
  const auto request = decode_login_request(body);
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->is_ssl_request);
  EXPECT_EQ(request->capabilities, (Capabilities{0x018FA28C, 0x1D}));
  EXPECT_EQ(request->packet_bytes_max, 0x01000000U);
  EXPECT_EQ(request->charset, 45U);
  EXPECT_EQ(request->user, "root");
  EXPECT_EQ(request->auth_response, "");
  EXPECT_EQ(request->database, "wire");
  EXPECT_EQ(request->plugin, "mysql_native_password");
  EXPECT_TRUE(request->tail_read);
}

TEST(LoginRequest, ReadsAMySqlClient) {
  const std::string body = mysql_login();
  const auto request = decode_login_request(body);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->capabilities.mariadb, 0U);
  EXPECT_EQ(request->user, "app");
  EXPECT_EQ(request->auth_response, std::string_view("\1\2\0\3", 4));
  EXPECT_EQ(request->database, "");
  EXPECT_EQ(request->plugin, "caching_sha2_password");
  EXPECT_EQ(request->attributes, (ConnectAttributes{{"_os", "Linux"}, {"_pid", "42"}}));
  EXPECT_TRUE(request->tail_read);
}

TEST(LoginRequest, CutsNeverReadPastTheEndAndWhoLogsInIsStrict) {
  for (const std::string& body : {mariadb_login(), mysql_login()}) {
    const auto whole = decode_login_request(body);
    const size_t strict = static_cast<size_t>(whole->plugin.data() - body.data());
    for (size_t size = 0; size < body.size(); ++size) {
      const auto cut = decode_login_request(std::string_view(body).substr(0, size));
      EXPECT_EQ(cut.has_value(), size >= strict) << size;
      if (cut.has_value()) {
        EXPECT_EQ(cut->user, whole->user);
      }
    }
    const std::string longer = body + "x";
    const auto more = decode_login_request(longer);
    ASSERT_TRUE(more.has_value());
    EXPECT_FALSE(more->tail_read);
  }
}

TEST(LoginRequest, SslRequestIsTheFirst32Bytes) {
  std::string body = mysql_login();
  body[1] = static_cast<char>(0xAA);  // CLIENT_SSL
  const std::string request = ssl_request(body);
  EXPECT_EQ(request, body.substr(0, 32));
  const auto decoded = decode_login_request(request);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->is_ssl_request);
  EXPECT_EQ(decoded->capabilities.base, 0x01BFAA85U);
  EXPECT_FALSE(decode_login_request(mysql_login().substr(0, 32)).has_value());  // without the flag it is just cut
}

TEST(LoginRequest, OldShapesOfTheAuthenticationAnswer) {
  const std::string body = bytes(
      "00 02 00 00 00 00 00 01 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
      " 00 00 00 00 00 00 00 00 'u' 00 'scramble' 00");
  const auto old = decode_login_request(body);
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->auth_response.size(), 8U);
  // Before 4.1: refused (evasion M26).
  EXPECT_FALSE(decode_login_request(bytes("85 24 00 00 00 'root' 00 'scramble' 00")).has_value());
}

TEST(LoginRequest, LyingLengthsAreRefused) {
  const std::string start =
      "05 02 a0 00 00 00 00 40 ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 'u' 00 ";
  EXPECT_FALSE(decode_login_request(bytes(std::string(start) + "fe ff ff ff ff ff ff ff ff 'x'")).has_value());
  EXPECT_FALSE(decode_login_request(bytes(std::string(start) + "fb 'x'")).has_value());
  EXPECT_FALSE(decode_login_request(bytes(std::string(start) + "05 'x'")).has_value());
}

TEST(LoginRequest, AttributesAreBounded) {
  std::string block;
  for (size_t i = 0; i <= kConnectAttributesMax; ++i) block += bytes("01 'k' 01 'v'");
  std::string body = mysql_login();
  body.resize(body.rfind(bytes("12 03 '_os'")));
  body += bytes("fc 04 04") + block;
  ASSERT_EQ(block.size(), 0x0404U);
  const auto request = decode_login_request(body);
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->tail_read);
  EXPECT_EQ(request->attributes.size(), kConnectAttributesMax);
}

TEST(LoginRequest, MaskRewritesNothingButCapabilities) {
  const std::string body = mariadb_login();
  EXPECT_EQ(masked_login_request(body, ~0U, ~0U, 0), body);
  const auto masked = masked_login_request(body, kDecodedCapabilities & ~kClientDeprecateEof, kMariaDbProgress,
                                           kClientSessionTrack | kClientSsl);
  ASSERT_TRUE(masked.has_value());
  EXPECT_EQ(masked->substr(4, 24), body.substr(4, 24));
  EXPECT_EQ(masked->substr(32), body.substr(32));
  const auto request = decode_login_request(*masked);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->capabilities,
            (Capabilities{(0x018FA28C & ~kClientDeprecateEof) | kClientSessionTrack | kClientSsl, kMariaDbProgress}));
}

TEST(LoginRequest, MaskKeepsTheShape) {
  const auto masked = masked_login_request(mariadb_login(), 0, 0, kClientConnectAttrs | kClientMySql);
  ASSERT_TRUE(masked.has_value());
  const auto request = decode_login_request(*masked);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->capabilities.base, 0x018FA28C & kClientShapeOfLogin);
  EXPECT_EQ(request->database, "wire");
  EXPECT_TRUE(request->tail_read);
  EXPECT_FALSE(masked_login_request("junk", ~0U, ~0U, 0).has_value());
}

TEST(ChangeUser, ReadsWhatMariaDbAccepts) {
  const Capabilities capabilities{kClientProtocol41 | kClientSecureConnection | kClientPluginAuth, 0};
  const std::string body = bytes("'root' 00 00 'wire' 00 2d 00 'mysql_native_password' 00");
  const auto request = decode_change_user(body, capabilities);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->user, "root");
  EXPECT_EQ(request->auth_response, "");
  EXPECT_EQ(request->database, "wire");
  EXPECT_EQ(request->charset, 45U);
  EXPECT_EQ(request->plugin, "mysql_native_password");
  EXPECT_TRUE(request->tail_read);
}

TEST(ChangeUser, ShortFormsAndCuts) {
  const Capabilities capabilities{kClientProtocol41 | kClientSecureConnection, 0};
  const std::string body = bytes("'u' 00 03 'abc' 'd' 00");
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_change_user(std::string_view(body).substr(0, size), capabilities).has_value()) << size;
  }
  const auto request = decode_change_user(body, capabilities);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->auth_response, "abc");
  EXPECT_FALSE(request->charset.has_value());
  EXPECT_TRUE(request->tail_read);
  EXPECT_FALSE(decode_change_user(body + "x", capabilities)->tail_read);
}

TEST(ChangeUser, AttributesFollowThePlugin) {
  const Capabilities capabilities{kClientProtocol41 | kClientSecureConnection | kClientPluginAuth | kClientConnectAttrs,
                                  0};
  const std::string body = bytes("'u' 00 00 00 1c 00 'p' 00 06 02 'ab' 02 'cd'");
  const auto request = decode_change_user(body, capabilities);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->charset, 28U);  // gbk (evasion M27)
  EXPECT_EQ(request->attributes, (ConnectAttributes{{"ab", "cd"}}));
  EXPECT_TRUE(request->tail_read);
}

}  // namespace
}  // namespace schemaguard::parser::mysql
