#include "policies/audit/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace schemaguard::policies {

namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: the implicit fetch of EVP_sha256() at every use costs as much as hashing a short line.
const EVP_MD* digest_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

}  // namespace

std::string sha256_hex(std::initializer_list<std::string_view> pieces) {
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), digest_method(), nullptr) != 1) return {};
  for (const std::string_view piece : pieces) {
    if (EVP_DigestUpdate(context.get(), piece.data(), piece.size()) != 1) return {};
  }
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &digest_bytes) != 1) return {};
  static constexpr char kHexDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(size_t{2} * digest_bytes);
  for (unsigned int index = 0; index < digest_bytes; ++index) {
    hex.push_back(kHexDigits[digest[index] >> 4U]);
    hex.push_back(kHexDigits[digest[index] & 0x0FU]);
  }
  return hex;
}

}  // namespace schemaguard::policies
