#include "parser/postgres/startup_packet.h"

#include <gtest/gtest.h>

#include "parser/postgres/protocol_format.h"

namespace schemaguard::parser::postgres {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string body_of(const std::string& packet) { return packet.substr(4); }

TEST(StartupPacket, DecodesWhatItEncodes) {
  const Parameters parameters = {{"user", "app"}, {"database", "shop"}, {"user", "again"}};
  const std::string packet = encode_startup_message(protocol_version(3, 2), parameters);
  EXPECT_EQ(static_cast<unsigned char>(packet[3]), packet.size());
  const auto decoded = decode_startup_packet(body_of(packet));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->kind, StartupKind::kStartup);
  EXPECT_EQ(decoded->major, 3U);
  EXPECT_EQ(decoded->minor, 2U);
  EXPECT_EQ(decoded->parameters, parameters);
}

TEST(StartupPacket, EveryTruncationIsMalformed) {
  const std::string body = body_of(encode_startup_message(protocol_version(3, 0), {{"user", "app"}, {"x", ""}}));
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_startup_packet(std::string_view(body).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_startup_packet(body + '\0').ok());
  EXPECT_FALSE(decode_startup_packet(body + "x").ok());
}

TEST(StartupPacket, NegotiationRequestsHaveNoBody) {
  const std::string ssl = body_of(encode_ssl_request());
  const auto decoded = decode_startup_packet(ssl);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->kind, StartupKind::kSslRequest);
  EXPECT_FALSE(decode_startup_packet(ssl + "x").ok());
  std::string gss = ssl;
  gss[3] = '\x30';
  ASSERT_TRUE(decode_startup_packet(gss).ok());
  EXPECT_EQ(decode_startup_packet(gss)->kind, StartupKind::kGssEncRequest);
}

TEST(StartupPacket, CancelSecretsHaveAnyLengthOfTheirVersion) {
  for (const size_t length : {1UL, 4UL, 32UL, 256UL}) {
    const auto decoded = decode_startup_packet(body_of(encode_cancel_request(77, std::string(length, 's'))));
    ASSERT_TRUE(decoded.ok()) << length;
    EXPECT_EQ(decoded->kind, StartupKind::kCancelRequest);
    EXPECT_EQ(decoded->cancel_process_id, 77U);
    EXPECT_EQ(decoded->cancel_secret.size(), length);
  }
  EXPECT_FALSE(decode_startup_packet(body_of(encode_cancel_request(77, ""))).ok());
  EXPECT_FALSE(decode_startup_packet(body_of(encode_cancel_request(77, std::string(257, 's')))).ok());
}

TEST(StartupPacket, OtherMajorVersionsAreNamedAndNotReadOn) {
  const auto decoded = decode_startup_packet(std::string("\0\2\0\0anything", 12));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->major, 2U);
  EXPECT_TRUE(decoded->parameters.empty());
}

TEST(StartupOptions, AreSplitAsTheServerSplitsThem) {
  const StartupOptions options = split_startup_options(" -c search_path=a\\ b\t--Work-Mem=1MB -crole=x  -c a=b=c");
  EXPECT_TRUE(options.complete);
  const Parameters expected = {{"search_path", "a b"}, {"work_mem", "1MB"}, {"role", "x"}, {"a", "b=c"}};
  EXPECT_EQ(options.settings, expected);
  EXPECT_TRUE(split_startup_options("").complete);
}

TEST(StartupOptions, WhatIsNotKnownIsSaidSo) {
  for (const std::string text : {"-O", "-c", "-c x", "--x", "-d 5", "x=y", "-Oc x=y", "--"}) {
    EXPECT_FALSE(split_startup_options(text).complete) << text;
  }
}

}  // namespace
}  // namespace schemaguard::parser::postgres
