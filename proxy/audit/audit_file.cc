#include "proxy/audit/audit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace schemaguard::proxy {

namespace {

class PosixAuditFile final : public AuditFile {
 public:
  explicit PosixAuditFile(std::string path) : path_(std::move(path)) {}
  ~PosixAuditFile() override { PosixAuditFile::close(); }
  PosixAuditFile(const PosixAuditFile&) = delete;
  PosixAuditFile& operator=(const PosixAuditFile&) = delete;

  absl::Status open() override {
    close();
    constexpr int kFlags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
    descriptor_ = ::open(path_.c_str(), O_RDWR | kFlags, kOwnerOnly);
    if (descriptor_ >= 0 && is_pipe()) {
      // As a reader of its own pipe the guard would fill it for nobody, and then wait for itself.
      close();
      errno = EINVAL;
    }
    // A pipe or a write-only device cannot be read back, and need not be.
    if (descriptor_ < 0 && errno != ENOENT && errno != EISDIR) {
      const int first_error = errno;
      descriptor_ = ::open(path_.c_str(), O_WRONLY | kFlags | O_NONBLOCK, kOwnerOnly);
      if (descriptor_ >= 0 && is_regular()) {
        close();
        errno = first_error;
      }
    }
    if (descriptor_ < 0) return error("open");
    if (is_regular() && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int lock_error = errno;
      close();
      if (lock_error == EWOULDBLOCK) {
        return absl::FailedPreconditionError(absl::StrCat(path_, ": another process is writing this audit file"));
      }
      errno = lock_error;
      return error("lock");
    }
    return absl::OkStatus();
  }

  void close() override {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  absl::StatusOr<State> state() override {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return error("look at");
    return State{.bytes = static_cast<uint64_t>(status.st_size),
                 .regular = S_ISREG(status.st_mode),
                 .linked = status.st_nlink > 0};
  }

  absl::StatusOr<size_t> read_at(uint64_t offset, std::span<char> out) override {
    size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t got =
          ::pread(descriptor_, out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return error("read");
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  }

  absl::StatusOr<size_t> append(std::string_view bytes) override {
    ssize_t taken = 0;
    do {
      taken = ::write(descriptor_, bytes.data(), bytes.size());
    } while (taken < 0 && errno == EINTR);
    if (taken < 0) return error("write to");
    return static_cast<size_t>(taken);
  }

  absl::Status sync() override {
    if (::fdatasync(descriptor_) == 0) return absl::OkStatus();
    // Pipes and terminals have nothing to sync.
    if (errno == EINVAL || errno == EROFS) return is_regular() ? error("sync") : absl::OkStatus();
    return error("sync");
  }

  absl::Status truncate(uint64_t bytes) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0) return absl::OkStatus();
    return error("shorten");
  }

 private:
  [[nodiscard]] bool is_regular() const {
    struct stat status {};
    return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  }
  [[nodiscard]] bool is_pipe() const {
    struct stat status {};
    return ::fstat(descriptor_, &status) == 0 && S_ISFIFO(status.st_mode);
  }
  [[nodiscard]] absl::Status error(const char* verb) const {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", verb, " ", path_));
  }

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace

std::unique_ptr<AuditFile> posix_audit_file(std::string path) {
  return std::make_unique<PosixAuditFile>(std::move(path));
}

}  // namespace schemaguard::proxy
