// AuditWriter: the AuditLog over an AuditFile: a queue in front of one thread that chains, writes and syncs.
//
// While one group is being synced the next one gathers in the queue, so the cost of a sync is shared by everybody who
// waits for it. A group is good when all its bytes are written and synced; then, and only then, the head moves. When
// anything fails, the group's bytes are cut off again, its records count as lost and the file is opened anew for the
// next group, which starts with a gap record. Bytes that cannot be cut off stay, and the gap record says so.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "proxy/audit/audit_file.h"
#include "proxy/audit/audit_log.h"
#include "proxy/audit/checkpoint_key.h"

namespace schemaguard::proxy {

class AuditWriter final : public AuditLog {
 public:
  // What AuditLog::open() does, over any file.
  static absl::StatusOr<std::unique_ptr<AuditLog>> open(AuditLogOptions options, std::unique_ptr<AuditFile> file);
  ~AuditWriter() override;
  AuditWriter(const AuditWriter&) = delete;
  AuditWriter& operator=(const AuditWriter&) = delete;

  uint64_t next_ticket() override { return next_ticket_.fetch_add(1, std::memory_order_relaxed); }
  void append(policies::AuditRecord record, Written written) override;
  void flush() override;
  void reopen() override;
  [[nodiscard]] bool failing() const override { return failing_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t head_seq() const override;
  [[nodiscard]] std::string head_hash() const override;
  [[nodiscard]] uint64_t lost_records() const override { return lost_records_.load(std::memory_order_relaxed); }

 private:
  enum class EntryKind : uint8_t { kRecord, kOverflow, kReopen };
  struct Entry {
    EntryKind kind = EntryKind::kRecord;
    policies::AuditRecord record;
    Written written;
  };
  struct Head {
    uint64_t seq = 0;
    std::string hash;
  };
  // What the next gap record has to say.
  struct Gap {
    uint64_t lost_records = 0;
    uint64_t unconfirmed_records = 0;
    bool torn = false;  // bytes that are no record stand at the end of the file
    uint64_t torn_bytes = 0;
    std::string cause;
    [[nodiscard]] bool empty() const { return lost_records == 0 && unconfirmed_records == 0 && !torn; }
  };
  // A group while it is being put together: becomes true only when it is on disk.
  struct Group {
    std::string bytes;
    Head head;
    uint64_t records = 0;
    std::vector<uint64_t> opened_tickets;
    bool ends_with_checkpoint = false;
  };

  AuditWriter(AuditLogOptions options, std::unique_ptr<AuditFile> file);

  void run();
  void handle_batch(std::vector<Entry>& batch);
  // Handles entries from `begin` on as one group; returns where the next group starts.
  size_t commit_some(std::vector<Entry>& batch, size_t begin);
  void commit_checkpoint();
  void switch_file();

  // Opens the file and finds out where it left off.
  absl::Status attach();
  void adopt_tail(uint64_t tail_seq, std::string tail_hash);
  // Attaches when there is no file, or when the file is not as this writer left it.
  absl::Status make_ready();
  absl::Status write_group(const Group& group);
  bool finish_group(Group& group, absl::Status status);
  void on_failure(const Group& group, const absl::Status& status);
  void count_lost(uint64_t records);

  [[nodiscard]] Group start_group() const;
  void add_record(Group& group, policies::AuditRecord& record);
  void add_checkpoint(Group& group);
  void add_line(Group& group, const policies::AuditRecord& record, uint64_t of_seq) const;
  void remember_ticket(Group& group, uint64_t ticket);

  [[nodiscard]] bool checkpoint_is_due() const { return !head_is_checkpoint_ || !gap_.empty(); }

  const AuditLogOptions options_;
  const std::unique_ptr<AuditFile> file_;
  std::unique_ptr<CheckpointKey> key_;

  std::atomic<uint64_t> next_ticket_{1};
  std::atomic<bool> failing_{false};
  std::atomic<uint64_t> lost_records_{0};

  // Shared between the callers and the writer's thread.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::vector<Entry> queue_;
  size_t queued_records_ = 0;
  size_t queued_bytes_ = 0;
  uint64_t overflowed_ = 0;
  uint64_t appended_ = 0;
  uint64_t handled_ = 0;
  bool stopping_ = false;
  Head published_head_;

  // The writer's thread only.
  Head head_;
  uint64_t good_bytes_ = 0;            // the file's size when the last group was done
  uint64_t failed_group_records_ = 0;  // lines of the last failed group, which may stand in the file after all
  bool attached_ = false;
  bool line_end_missing_ = false;  // the next group starts with the line end that the file lacks
  bool cuttable_ = false;          // a regular file
  bool head_is_checkpoint_ = true;
  Gap gap_;
  absl::btree_map<uint64_t, uint64_t> seq_by_ticket_;
  bool key_complained_ = false;

  std::thread thread_;  // last: everything above exists before it starts
};

}  // namespace schemaguard::proxy
