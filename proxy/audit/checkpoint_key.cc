#include "proxy/audit/checkpoint_key.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace schemaguard::proxy {

namespace {

constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

struct OpenSslDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, OpenSslDeleter>;
using ContextPointer = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter>;

// `characters` is a std::string of raw bytes; OpenSSL wants them unsigned.
const unsigned char* raw(std::string_view characters) {
  return static_cast<const unsigned char*>(static_cast<const void*>(characters.data()));
}

// Exactly so many bytes written in hexadecimal, or nothing.
template <size_t Size>
std::optional<std::array<unsigned char, Size>> from_hexadecimal(std::string_view text) {
  const bool digits = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (text.size() != 2 * Size || !digits) return std::nullopt;
  std::array<unsigned char, Size> bytes{};
  size_t length = 0;
  const std::string terminated(text);
  if (OPENSSL_hexstr2buf_ex(bytes.data(), bytes.size(), &length, terminated.c_str(), '\0') != 1 || length != Size) {
    return std::nullopt;
  }
  return bytes;
}

absl::Status system_error(const char* verb, const std::string& file) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", verb, " the audit's key file ", file));
}

KeyPointer generate_key() { return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

std::string to_pem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, OpenSslDeleter> memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr || PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return {};
  }
  std::string pem(BIO_ctrl_pending(memory.get()), '\0');
  const int got = BIO_read(memory.get(), pem.data(), static_cast<int>(pem.size()));
  return got == static_cast<int>(pem.size()) ? pem : std::string();
}

// Written under another name and then linked, so that no half-written key ever stands under the real one.
absl::Status write_key_file(const std::string& file, std::string_view pem) {
  const std::string draft = absl::StrCat(file, ".", ::getpid(), ".new");
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return system_error("create", draft);
  absl::Status status;
  const ssize_t written = ::write(descriptor, pem.data(), pem.size());
  if (written < 0) {
    status = system_error("write", draft);
  } else if (static_cast<size_t>(written) < pem.size()) {
    errno = ENOSPC;
    status = system_error("write", draft);
  } else if (::fsync(descriptor) != 0) {
    status = system_error("sync", draft);
  } else if (::link(draft.c_str(), file.c_str()) != 0) {
    status = system_error("create", file);
  }
  ::close(descriptor);
  ::unlink(draft.c_str());
  return status;
}

absl::StatusOr<KeyPointer> read_key_file(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return system_error("open", file);
  struct stat status {};
  std::array<char, 4096> content{};
  ssize_t got = -1;
  if (::fstat(descriptor, &status) == 0) got = ::read(descriptor, content.data(), content.size());
  const int read_error = errno;
  ::close(descriptor);
  errno = read_error;
  if (got < 0) return system_error("read", file);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the audit's key file ", file, " is open to others than its owner: chmod 600 it"));
  }
  const std::unique_ptr<BIO, OpenSslDeleter> memory(BIO_new_mem_buf(content.data(), static_cast<int>(got)));
  // The callback keeps OpenSSL from asking a terminal for a pass phrase.
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  KeyPointer key(memory == nullptr ? nullptr : PEM_read_bio_PrivateKey(memory.get(), nullptr, no_pass_phrase, nullptr));
  OPENSSL_cleanse(content.data(), content.size());
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return absl::FailedPreconditionError(
        absl::StrCat("the audit's key file ", file, " holds no Ed25519 private key in PEM"));
  }
  return key;
}

std::string public_half(EVP_PKEY* key) {
  std::string bytes(kPublicKeyBytes, '\0');
  size_t length = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, static_cast<unsigned char*>(static_cast<void*>(bytes.data())), &length) != 1 ||
      length != bytes.size()) {
    return {};
  }
  return absl::BytesToHexString(bytes);
}

}  // namespace

struct CheckpointKey::Key {
  KeyPointer pointer;
};

CheckpointKey::CheckpointKey(std::unique_ptr<Key> key, std::string public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}
CheckpointKey::~CheckpointKey() = default;

absl::StatusOr<std::unique_ptr<CheckpointKey>> CheckpointKey::load_or_create(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
    const KeyPointer fresh = generate_key();
    const std::string pem = fresh == nullptr ? std::string() : to_pem(fresh.get());
    if (pem.empty()) return absl::InternalError("OpenSSL cannot make an Ed25519 key");
    // Another process may have been faster: then its key is as good.
    if (absl::Status written = write_key_file(file, pem); !written.ok() && !absl::IsAlreadyExists(written)) {
      return written;
    }
  }
  absl::StatusOr<KeyPointer> key = read_key_file(file);
  if (!key.ok()) return key.status();
  std::string public_key = public_half(key->get());
  if (public_key.empty()) return absl::InternalError(absl::StrCat("cannot read the public half of ", file));
  auto holder = std::make_unique<Key>(Key{.pointer = *std::move(key)});
  return std::unique_ptr<CheckpointKey>(new CheckpointKey(std::move(holder), std::move(public_key)));
}

std::string CheckpointKey::sign(std::string_view message) const {
  const ContextPointer context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  size_t length = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->pointer.get()) != 1 ||
      EVP_DigestSign(context.get(), static_cast<unsigned char*>(static_cast<void*>(signature.data())), &length,
                     raw(message), message.size()) != 1 ||
      length != signature.size()) {
    return {};
  }
  return absl::BytesToHexString(signature);
}

bool checkpoint_signature_is_good(std::string_view public_key, std::string_view message, std::string_view signature) {
  const auto key_bytes = from_hexadecimal<kPublicKeyBytes>(public_key);
  const auto signature_bytes = from_hexadecimal<kSignatureBytes>(signature);
  if (!key_bytes || !signature_bytes) return false;
  const KeyPointer key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key_bytes->data(), key_bytes->size()));
  const ContextPointer context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature_bytes->data(), signature_bytes->size(), raw(message),
                          message.size()) == 1;
}

}  // namespace schemaguard::proxy
