#include "policies/rules/network.h"

#include <algorithm>
#include <cstddef>

#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

std::optional<unsigned> decimal(std::string_view text, unsigned max) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  return value <= max ? std::optional(value) : std::nullopt;
}

// Four decimal numbers with dots between them; leading zeros are refused, because some readers take them as octal.
bool parse_version4(std::string_view text, uint8_t* out) {
  for (size_t part = 0; part < 4; ++part) {
    const size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const std::optional<unsigned> value = decimal(text.substr(0, dot), 255);
    if (!value) return false;
    out[part] = static_cast<uint8_t>(*value);
    text.remove_prefix(part < 3 ? dot + 1 : dot);
  }
  return text.empty();
}

std::optional<unsigned> hexadecimal(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char digit : text) {
    const char lower = static_cast<char>(digit | 0x20);
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + static_cast<unsigned>(digit - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<unsigned>(lower - 'a') + 10;
    } else {
      return std::nullopt;
    }
  }
  return value;
}

// One side of "::" (or the whole address): groups of hexadecimal digits, the last of which may be an IPv4 address.
// Returns the number of bytes written, or nothing.
std::optional<size_t> parse_groups(std::string_view text, bool may_end_in_version4, std::array<uint8_t, 16>& out) {
  size_t length = 0;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (group.find('.') != std::string_view::npos) {
      if (!may_end_in_version4 || colon != std::string_view::npos || length + 4 > 16) return std::nullopt;
      if (!parse_version4(group, out.data() + length)) return std::nullopt;
      return length + 4;
    }
    const std::optional<unsigned> value = hexadecimal(group);
    if (!value || length + 2 > 16) return std::nullopt;
    out[length++] = static_cast<uint8_t>(*value >> 8);
    out[length++] = static_cast<uint8_t>(*value & 0xFF);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;  // ends in a single colon
  }
  return length;
}

std::optional<NetworkAddress> parse_version6(std::string_view text) {
  NetworkAddress address{.version6 = true, .bytes = {}};
  const size_t gap = text.find("::");
  std::array<uint8_t, 16> head{};
  std::array<uint8_t, 16> tail{};
  const std::optional<size_t> head_length = parse_groups(text.substr(0, gap), gap == std::string_view::npos, head);
  if (!head_length) return std::nullopt;
  size_t tail_length = 0;
  if (gap == std::string_view::npos) {
    if (*head_length != 16) return std::nullopt;
  } else {
    const std::optional<size_t> length = parse_groups(text.substr(gap + 2), true, tail);
    if (!length || *head_length + *length > 14) return std::nullopt;
    tail_length = *length;
  }
  std::copy_n(head.begin(), *head_length, address.bytes.begin());
  std::copy_n(tail.begin(), tail_length, address.bytes.end() - static_cast<std::ptrdiff_t>(tail_length));
  return address;
}

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_mapped_version4(const NetworkAddress& address) {
  return address.version6 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

}  // namespace

std::optional<NetworkAddress> parse_network_address(std::string_view text) {
  text = text.substr(0, text.find('%'));
  NetworkAddress address;
  if (text.find(':') == std::string_view::npos) {
    if (!parse_version4(text, address.bytes.data())) return std::nullopt;
    return address;
  }
  const std::optional<NetworkAddress> version6 = parse_version6(text);
  if (!version6 || !is_mapped_version4(*version6)) return version6;
  std::copy_n(version6->bytes.begin() + 12, 4, address.bytes.begin());
  return address;
}

bool NetworkBlock::contains(const NetworkAddress& client) const {
  if (unix_socket || client.version6 != address.version6) return false;
  const size_t whole = prefix_bits / 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  client.bytes.begin())) {
    return false;
  }
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xFF << (8 - rest));
  return (address.bytes[whole] & mask) == (client.bytes[whole] & mask);
}

bool ClientPlace::is_in(std::span<const NetworkBlock> blocks) const {
  return std::any_of(blocks.begin(), blocks.end(), [&](const NetworkBlock& block) {
    return unix_socket_ ? block.unix_socket : address_ && block.contains(*address_);
  });
}

absl::StatusOr<NetworkBlock> parse_network_block(std::string_view text) {
  if (text == "unix") return NetworkBlock{.unix_socket = true, .address = {}, .prefix_bits = 0};
  const size_t slash = text.find('/');
  const std::optional<NetworkAddress> address = parse_network_address(text.substr(0, slash));
  if (!address || text.find('%') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        concatenate({"\"", text, "\" is no network; write 10.1.0.0/16, 2001:db8::/32, a single address, or unix"}));
  }
  NetworkBlock block{.unix_socket = false, .address = *address, .prefix_bits = address->version6 ? 128U : 32U};
  if (slash == std::string_view::npos) return block;
  const std::optional<unsigned> bits = decimal(text.substr(slash + 1), block.prefix_bits);
  if (!bits) {
    return absl::InvalidArgumentError(
        concatenate({"\"", text, "\": the part behind the slash must be 0 to ", std::to_string(block.prefix_bits)}));
  }
  block.prefix_bits = *bits;
  for (size_t bit = *bits; bit < (address->version6 ? 128U : 32U); ++bit) {
    if ((address->bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) {
      return absl::InvalidArgumentError(concatenate({"\"", text, "\" has bits behind its prefix of ",
                                                     std::to_string(*bits), "; write the network's own address"}));
    }
  }
  return block;
}

}  // namespace schemaguard::policies
