// PROXY protocol version 2: who the client behind a listed load balancer is.
//
// Source of rules: haproxy's proxy-protocol.txt, section 2.2. The parser is pure: it says how many bytes it needs and
// never more than the header holds, so that not one byte of the client is read with it. TLVs are skipped. Version 1
// and anything else is an error: from a listed balancer the header is required.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace schemaguard::proxy {

inline constexpr size_t kProxyHeaderFixedBytes = 16;
// Addresses of the largest family plus room for TLVs; a longer header is refused.
inline constexpr size_t kProxyHeaderBytesMax = 2048;

struct ProxySource {
  // False for the balancer's own connections (health checks): the socket's own address counts.
  bool has_address = false;
  std::string address{};  // "" for a Unix socket
  uint16_t port = 0;
};

// Bytes of the whole header, from its fixed part (exactly kProxyHeaderFixedBytes); an error when it is none.
absl::StatusOr<size_t> proxy_header_bytes(std::span<const std::byte> fixed_part);
// `header` is the whole header.
absl::StatusOr<ProxySource> parse_proxy_header(std::span<const std::byte> header);
// A version 2 header for a TCP connection; a LOCAL one when the addresses are not of one family.
std::string make_proxy_header(const std::string& source, uint16_t source_port, const std::string& destination,
                              uint16_t destination_port);

}  // namespace schemaguard::proxy
