// Network: client addresses and the CIDR blocks of `from`. Pure text in, comparison out; never resolves a name and
// never touches a socket. IPv4 addresses mapped into IPv6 (::ffff:10.0.0.7) count as the IPv4 address they carry.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace schemaguard::policies {

struct NetworkAddress {
  bool version6 = false;
  std::array<uint8_t, 16> bytes{};  // the first 4 for IPv4
  bool operator==(const NetworkAddress&) const = default;
};

// "10.0.0.7", "2001:db8::1", "fe80::1%eth0" (the zone is dropped); nothing for anything else.
std::optional<NetworkAddress> parse_network_address(std::string_view text);

struct NetworkBlock {
  bool unix_socket = false;  // the word "unix": clients of a Unix socket, which have no address
  NetworkAddress address;
  unsigned prefix_bits = 0;
  [[nodiscard]] bool contains(const NetworkAddress& client) const;
};

// "10.0.0.0/8", "10.0.0.7", "2001:db8::/32" or "unix". Bits behind the prefix must be zero: 10.1.2.3/8 is more likely
// a slip of the pen than a wish for all of 10.0.0.0/8.
absl::StatusOr<NetworkBlock> parse_network_block(std::string_view text);

// Where a client comes from: a Unix socket (its text is empty), an address, or nowhere (a text that is no address),
// which lies in no block.
class ClientPlace {
 public:
  ClientPlace() = default;
  explicit ClientPlace(std::string_view address_text)
      : unix_socket_(address_text.empty()), address_(parse_network_address(address_text)) {}
  [[nodiscard]] bool is_in(std::span<const NetworkBlock> blocks) const;

 private:
  bool unix_socket_ = false;
  std::optional<NetworkAddress> address_;
};

}  // namespace schemaguard::policies
