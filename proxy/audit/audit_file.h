// AuditFile: the edge between the audit writer and the operating system.
//
// An abstract file that can only grow, so that tests can let a disk fill up at any byte and fail any call. The POSIX
// implementation opens a path for appending (created 0600), takes an exclusive lock for as long as it is open, and
// never retries by itself. Used by one thread at a time. Errors carry the
// system's own words and absl::ErrnoToStatus's code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace schemaguard::proxy {

class AuditFile {
 public:
  struct State {
    uint64_t bytes = 0;
    bool regular = false;  // false: a pipe or a device, which has no past and cannot be cut
    bool linked = true;    // false: the file has been deleted, only this process still sees it
  };

  virtual ~AuditFile() = default;
  // Opens the path; when it is open already, closes it first.
  virtual absl::Status open() = 0;
  virtual void close() = 0;
  virtual absl::StatusOr<State> state() = 0;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  virtual absl::StatusOr<size_t> read_at(uint64_t offset, std::span<char> out) = 0;
  // One write at the end of the file; may take only the front of `bytes`.
  virtual absl::StatusOr<size_t> append(std::string_view bytes) = 0;
  virtual absl::Status sync() = 0;
  virtual absl::Status truncate(uint64_t bytes) = 0;
};

std::unique_ptr<AuditFile> posix_audit_file(std::string path);

}  // namespace schemaguard::proxy
