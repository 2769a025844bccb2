// SHA-256 as lower-case hex: the digest of the audit's chain, of statement shapes and of texts that are not kept.
//
// Thread-safe. Never fails: a digest that OpenSSL cannot compute (out of memory) comes out as an empty string, which
// no verification accepts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace schemaguard::policies {

// Digest over the pieces one after another, 64 hex digits.
std::string sha256_hex(std::initializer_list<std::string_view> pieces);

}  // namespace schemaguard::policies
