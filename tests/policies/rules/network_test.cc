#include "policies/rules/network.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace schemaguard::policies {
namespace {

TEST(NetworkAddress, Reads) {
  for (const std::string good : {"0.0.0.0", "10.0.0.7", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1%eth0",
                                 "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:10.0.0.7", "::ffff:10.0.0.7", "2001:DB8::"}) {
    EXPECT_TRUE(parse_network_address(good).has_value()) << good;
  }
  for (const std::string bad :
       {"",          "10.0.0", "10.0.0.256", "10.0.0.07",  "10.0.0.7.",     "10.0.0.7.8",        "a.b.c.d",
        "10.0.0.-1", ":",      ":::",        "1::2::3",    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::",
        "::g",       "1:",     ":1",         "10.0.0.7::", "::1.2.3",       "localhost",         "1:2:3:4:5:6:7::8"}) {
    EXPECT_FALSE(parse_network_address(bad).has_value()) << bad;
  }
}

TEST(NetworkAddress, MappedVersion4IsVersion4) {
  EXPECT_EQ(parse_network_address("::ffff:10.0.0.7"), parse_network_address("10.0.0.7"));
  EXPECT_EQ(parse_network_address("::ffff:a00:7"), parse_network_address("10.0.0.7"));
  EXPECT_NE(parse_network_address("::10.0.0.7"), parse_network_address("10.0.0.7"));
}

TEST(NetworkBlock, Contains) {
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {"10.1.0.0/16", "10.1.255.3", true},
      {"10.1.0.0/16", "10.2.0.1", false},
      {"10.1.0.0/16", "::ffff:10.1.0.1", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"0.0.0.0/0", "", false},
      {"10.0.0.7", "10.0.0.7", true},
      {"10.0.0.7/32", "10.0.0.8", false},
      {"10.0.0.0/28", "10.0.0.15", true},
      {"10.0.0.0/28", "10.0.0.16", false},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"2001:db8:0:8000::/49", "2001:db8:0:8000::1", true},
      {"2001:db8:0:8000::/49", "2001:db8:0:7fff::1", false},
      {"::1", "::1", true},
      {"::/0", "10.0.0.1", false},
      {"unix", "", true},
      {"unix", "10.0.0.1", false},
      {"unix", "not an address", false},
      {"0.0.0.0/0", "not an address", false},
  };
  for (const auto& [text, client, expected] : table) {
    const auto block = parse_network_block(text);
    ASSERT_TRUE(block.ok()) << text;
    EXPECT_EQ(ClientPlace(client).is_in({&*block, 1}), expected) << client << " in " << text;
  }
}

TEST(NetworkBlock, BadTextsAreErrors) {
  for (const std::string bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/08", "10.1.2.3/8",
                                "2001:db8::1/32", "::/129", "fe80::1%eth0/64", "example.com", "10.0.0.0/8/9"}) {
    EXPECT_FALSE(parse_network_block(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace schemaguard::policies
