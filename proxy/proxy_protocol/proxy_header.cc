#include "proxy/proxy_protocol/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view kSignature("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A", 12);
constexpr unsigned kVersion = 2;
constexpr unsigned kCommandLocal = 0;
constexpr unsigned kCommandProxy = 1;
constexpr unsigned kFamilyUnspecified = 0;
constexpr unsigned kFamilyFour = 1;
constexpr unsigned kFamilySix = 2;
constexpr unsigned kFamilyUnix = 3;
constexpr unsigned kStream = 1;
constexpr size_t kFourBytes = 4 + 4 + 2 + 2;
constexpr size_t kSixBytes = 16 + 16 + 2 + 2;
constexpr size_t kUnixBytes = 108 + 108;

unsigned byte_at(std::span<const std::byte> bytes, size_t place) { return std::to_integer<unsigned>(bytes[place]); }

uint16_t number_at(std::span<const std::byte> bytes, size_t place) {
  return static_cast<uint16_t>(byte_at(bytes, place) << 8U | byte_at(bytes, place + 1));
}

template <typename Address>
std::string address_at(std::span<const std::byte> bytes, size_t place) {
  typename Address::bytes_type raw;
  std::memcpy(raw.data(), bytes.data() + place, raw.size());
  return Address(raw).to_string();
}

void append_number(std::string& out, unsigned number) {
  out.push_back(static_cast<char>(number >> 8U & 0xFFU));
  out.push_back(static_cast<char>(number & 0xFFU));
}

template <typename Address>
void append_address(std::string& out, const Address& address) {
  for (const unsigned char byte : address.to_bytes()) out.push_back(static_cast<char>(byte));
}

}  // namespace

absl::StatusOr<size_t> proxy_header_bytes(std::span<const std::byte> fixed_part) {
  if (fixed_part.size() != kProxyHeaderFixedBytes ||
      std::memcmp(fixed_part.data(), kSignature.data(), kSignature.size()) != 0) {
    return absl::InvalidArgumentError("no PROXY protocol version 2 header");
  }
  const unsigned version = byte_at(fixed_part, 12) >> 4U;
  if (version != kVersion) return absl::InvalidArgumentError(absl::StrCat("PROXY protocol version ", version));
  const size_t total = kProxyHeaderFixedBytes + number_at(fixed_part, 14);
  if (total > kProxyHeaderBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("PROXY protocol header of ", total, " bytes"));
  }
  return total;
}

absl::StatusOr<ProxySource> parse_proxy_header(std::span<const std::byte> header) {
  if (header.size() < kProxyHeaderFixedBytes) return absl::InvalidArgumentError("PROXY protocol header cut short");
  const auto total = proxy_header_bytes(header.first(kProxyHeaderFixedBytes));
  if (!total.ok()) return total.status();
  if (*total != header.size()) return absl::InvalidArgumentError("PROXY protocol header of the wrong length");
  const unsigned command = byte_at(header, 12) & 0x0FU;
  if (command == kCommandLocal) return ProxySource{};
  if (command != kCommandProxy) return absl::InvalidArgumentError(absl::StrCat("PROXY protocol command ", command));
  const unsigned family = byte_at(header, 13) >> 4U;
  const unsigned transport = byte_at(header, 13) & 0x0FU;
  const std::span<const std::byte> body = header.subspan(kProxyHeaderFixedBytes);
  if (family == kFamilyUnspecified) return ProxySource{};
  if (transport != kStream) return absl::InvalidArgumentError(absl::StrCat("PROXY protocol transport ", transport));
  if (family == kFamilyFour && body.size() >= kFourBytes) {
    return ProxySource{.has_address = true, .address = address_at<ip::address_v4>(body, 0), .port = number_at(body, 8)};
  }
  if (family == kFamilySix && body.size() >= kSixBytes) {
    return ProxySource{
        .has_address = true, .address = address_at<ip::address_v6>(body, 0), .port = number_at(body, 32)};
  }
  if (family == kFamilyUnix && body.size() >= kUnixBytes) return ProxySource{.has_address = true};
  return absl::InvalidArgumentError(
      absl::StrCat("PROXY protocol address family ", family, " with ", body.size(), " bytes"));
}

std::string make_proxy_header(const std::string& source, uint16_t source_port, const std::string& destination,
                              uint16_t destination_port) {
  boost::system::error_code source_error;
  boost::system::error_code destination_error;
  const ip::address from = ip::make_address(source, source_error);
  const ip::address to = ip::make_address(destination, destination_error);
  std::string header(kSignature);
  if (source_error || destination_error || from.is_v4() != to.is_v4()) {
    header.push_back(static_cast<char>(kVersion << 4U | kCommandLocal));
    header.push_back('\0');
    append_number(header, 0);
    return header;
  }
  header.push_back(static_cast<char>(kVersion << 4U | kCommandProxy));
  header.push_back(static_cast<char>((from.is_v4() ? kFamilyFour : kFamilySix) << 4U | kStream));
  append_number(header, static_cast<unsigned>(from.is_v4() ? kFourBytes : kSixBytes));
  if (from.is_v4()) {
    append_address(header, from.to_v4());
    append_address(header, to.to_v4());
  } else {
    append_address(header, from.to_v6());
    append_address(header, to.to_v6());
  }
  append_number(header, source_port);
  append_number(header, destination_port);
  return header;
}

}  // namespace schemaguard::proxy
