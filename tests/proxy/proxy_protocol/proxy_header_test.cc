#include "proxy/proxy_protocol/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace schemaguard::proxy {
namespace {

// Written out by hand from haproxy's description of the format, so that encoder and parser cannot agree on a mistake.
const std::string kSignature("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A", 12);
const std::string kFourAddresses("\x0A\x00\x00\x07\x0A\x00\x00\x04\xB2\x6E\x19\x20", 12);  // 10.0.0.7:45678

std::string header(unsigned char command, unsigned char family, const std::string& body) {
  std::string text = kSignature;
  text.push_back(static_cast<char>(command));
  text.push_back(static_cast<char>(family));
  text.push_back(static_cast<char>(body.size() >> 8U));
  text.push_back(static_cast<char>(body.size() & 0xFFU));
  return text + body;
}

absl::StatusOr<ProxySource> parse(const std::string& text) {
  return parse_proxy_header(std::as_bytes(std::span(text)));
}

TEST(ProxyProtocol, ReadsAnAddressOfEachFamily) {
  const auto four = parse(header(0x21, 0x11, kFourAddresses));
  ASSERT_TRUE(four.ok());
  EXPECT_TRUE(four->has_address);
  EXPECT_EQ(four->address, "10.0.0.7");
  EXPECT_EQ(four->port, 45678);

  const std::string six = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16) + std::string(15, '\0') +
                          "\x01" + std::string("\x04\xD2\x19\x20", 4);
  const auto parsed = parse(header(0x21, 0x21, six));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->address, "2001:db8::9");
  EXPECT_EQ(parsed->port, 1234);

  const auto local_socket = parse(header(0x21, 0x31, std::string(216, '\0')));
  ASSERT_TRUE(local_socket.ok());
  EXPECT_TRUE(local_socket->has_address);
  EXPECT_EQ(local_socket->address, "");
}

TEST(ProxyProtocol, SkipsWhatFollowsTheAddresses) {
  const auto parsed = parse(header(0x21, 0x11, kFourAddresses + std::string("\x04\x00\x03\x61\x62\x63", 6)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->address, "10.0.0.7");
}

TEST(ProxyProtocol, TheBalancersOwnConnectionsHaveNoAddress) {
  const auto local = parse(header(0x20, 0x00, ""));
  ASSERT_TRUE(local.ok());
  EXPECT_FALSE(local->has_address);
  const auto unspecified = parse(header(0x21, 0x00, ""));
  ASSERT_TRUE(unspecified.ok());
  EXPECT_FALSE(unspecified->has_address);
}

TEST(ProxyProtocol, RefusesWhatIsNotAWholeVersionTwoHeader) {
  EXPECT_FALSE(parse("PROXY TCP4 10.0.0.7 10.0.0.4 45678 6432\r\n").ok());
  EXPECT_FALSE(parse(header(0x11, 0x11, kFourAddresses)).ok());                // version 1 in a binary header
  EXPECT_FALSE(parse(header(0x22, 0x11, kFourAddresses)).ok());                // unknown command
  EXPECT_FALSE(parse(header(0x21, 0x12, kFourAddresses)).ok());                // datagrams
  EXPECT_FALSE(parse(header(0x21, 0x41, kFourAddresses)).ok());                // unknown family
  EXPECT_FALSE(parse(header(0x21, 0x11, kFourAddresses.substr(0, 11))).ok());  // too short for its family
  EXPECT_FALSE(parse(header(0x21, 0x21, kFourAddresses)).ok());                // IPv4 bytes called IPv6
  const std::string whole = header(0x21, 0x11, kFourAddresses);
  for (size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(parse(whole.substr(0, length)).ok()) << length;
  EXPECT_FALSE(parse(whole + "x").ok());
}

TEST(ProxyProtocol, SaysHowLongTheHeaderIsAndBoundsIt) {
  const auto length_of = [](const std::string& text) {
    return proxy_header_bytes(std::as_bytes(std::span(text)).first(kProxyHeaderFixedBytes));
  };
  EXPECT_EQ(length_of(header(0x21, 0x11, kFourAddresses)).value(), 28U);
  EXPECT_EQ(length_of(header(0x21, 0x11, std::string(kProxyHeaderBytesMax - 16, 'x'))).value(), kProxyHeaderBytesMax);
  EXPECT_FALSE(length_of(header(0x21, 0x11, std::string(kProxyHeaderBytesMax - 15, 'x'))).ok());
}

TEST(ProxyProtocol, WritesTheHeaderThatTheFormatAsksFor) {
  EXPECT_EQ(make_proxy_header("10.0.0.7", 45678, "10.0.0.4", 6432), header(0x21, 0x11, kFourAddresses));
  EXPECT_EQ(make_proxy_header("", 0, "", 0), header(0x20, 0x00, ""));
  EXPECT_EQ(make_proxy_header("10.0.0.7", 1, "::1", 2), header(0x20, 0x00, ""));
  const auto six = parse(make_proxy_header("2001:db8::9", 1234, "2001:db8::1", 6432));
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six->address, "2001:db8::9");
  EXPECT_EQ(six->port, 1234);
}

}  // namespace
}  // namespace schemaguard::proxy
