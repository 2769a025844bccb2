// CheckpointKey: the guard's own Ed25519 key, which signs the audit's checkpoints.
//
// The private key is a PEM file (PKCS 8) readable by its owner only; it is made at first use, whole or not at all. It
// never leaves this class. Public keys and signatures are lower-case hex. Signing is for one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace schemaguard::proxy {

class CheckpointKey {
 public:
  // Reads the key file; makes it when it does not exist. A key file that others may read is an error.
  static absl::StatusOr<std::unique_ptr<CheckpointKey>> load_or_create(const std::string& file);
  ~CheckpointKey();
  CheckpointKey(const CheckpointKey&) = delete;
  CheckpointKey& operator=(const CheckpointKey&) = delete;

  [[nodiscard]] const std::string& public_key() const { return public_key_; }
  // Empty when OpenSSL fails.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  struct Key;
  explicit CheckpointKey(std::unique_ptr<Key> key, std::string public_key);
  std::unique_ptr<Key> key_;
  std::string public_key_;
};

// Whether `signature` over `message` was made with the private half of `public_key`. False for anything malformed.
bool checkpoint_signature_is_good(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace schemaguard::proxy
