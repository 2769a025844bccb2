// AuditLog: the one writer of the audit file. It numbers, chains and commits the records of all workers in groups.
//
// append() may be called from any thread and never blocks on the file. `written` runs on the writer's thread once the
// record's group is on disk (fdatasync) or has failed; the caller posts it to its own worker. Records are chained in
// the order of append(). After a crash the file verifies up to its last whole line; the next start closes a torn line
// and goes on in the same chain. A failing file loses records only by count: a gap record says how many. The format
// stands in policies/audit/audit_format.h. The destructor writes what was appended, a last checkpoint, and joins the
// writer's thread; nobody may call anything meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policies/audit/audit_record.h"

namespace schemaguard::proxy {

struct AuditLogOptions {
  std::string file;
  std::string instance;                 // host:pid by default
  bool block_on_failure = true;         // design section 4 `audit.on_failure`; the sessions ask it
  std::string signing_key_file;         // the guard's own Ed25519 key, made (0600) when missing; default "<file>.key"
  size_t queued_records_max = 100'000;  // beyond these two a record is lost (and counted) instead of queued
  size_t queued_bytes_max = 64ULL * 1024 * 1024;
  size_t open_tickets_max = 200'000;  // statements whose outcome is still to come; beyond it the oldest lose their `of`
  absl::Duration checkpoint_interval = absl::Minutes(1);
  bool system_log = true;  // the head goes to the system log with each checkpoint
};

class AuditLog {
 public:
  using Written = std::function<void(bool ok)>;

  // A file that is missing, unreadable, locked by another process or no audit file is an error. A disk that is full or
  // broken is not: the log starts failing() and recovers by itself.
  static absl::StatusOr<std::unique_ptr<AuditLog>> open(AuditLogOptions options);
  virtual ~AuditLog() = default;

  // A number that links an outcome to its statement.
  virtual uint64_t next_ticket() = 0;
  // `written` may be empty.
  virtual void append(policies::AuditRecord record, Written written) = 0;
  // Waits until everything appended so far is on disk or has failed, and its `written` has run.
  virtual void flush() = 0;
  // Behind what was appended so far: ends the current file with a checkpoint and opens the path again, so that a file
  // renamed by log rotation is left and the chain goes on in a new one. Does not wait.
  virtual void reopen() = 0;
  [[nodiscard]] virtual bool failing() const = 0;
  [[nodiscard]] virtual uint64_t head_seq() const = 0;
  [[nodiscard]] virtual std::string head_hash() const = 0;
  [[nodiscard]] virtual uint64_t lost_records() const = 0;
};

}  // namespace schemaguard::proxy
