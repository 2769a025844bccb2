// AuditLog: the one writer of the audit file. It numbers, chains and commits the records of all workers in groups.
//
// append() may be called from any thread and never blocks on the file. `written` runs on the writer's thread once the
// record's group is on disk (fdatasync) or has failed; the caller posts it to its own worker. Records are chained in
// the order of append(). After a crash the file verifies up to its last whole line; the next start closes a torn line
// and goes on in the same chain. A failing file loses records only by count: a gap record says how many.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "policies/audit/audit_record.h"

namespace schemaguard::proxy {

struct AuditLogOptions {
  std::string file;
  std::string instance;          // host:pid by default
  bool block_on_failure = true;  // design section 4 `audit.on_failure`; the sessions ask it
  std::string signing_key_file;  // the guard's own Ed25519 key, made beside the store at first start
  size_t queued_records_max = 100'000;
  size_t queued_bytes_max = 64ULL * 1024 * 1024;
};

class AuditLog {
 public:
  using Written = std::function<void(bool ok)>;

  static absl::StatusOr<std::unique_ptr<AuditLog>> open(AuditLogOptions options);
  virtual ~AuditLog() = default;

  // A number that links an outcome to its statement.
  virtual uint64_t next_ticket() = 0;
  // `written` may be empty.
  virtual void append(policies::AuditRecord record, Written written) = 0;
  // Waits until everything appended so far is on disk or has failed.
  virtual void flush() = 0;
  [[nodiscard]] virtual bool failing() const = 0;
  [[nodiscard]] virtual uint64_t head_seq() const = 0;
  [[nodiscard]] virtual std::string head_hash() const = 0;
  [[nodiscard]] virtual uint64_t lost_records() const = 0;
};

}  // namespace schemaguard::proxy
