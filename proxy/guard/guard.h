// Guard: what the running process shares between its threads.
//
// It owns the current snapshot, the parse pool, the audit log, the cancel registry and the budget for held texts.
// Everything here may be called from any thread. The data path touches it by two relaxed atomics only (generation and
// budget); the mutex guards swaps, which are rare. reload() and set_mode() change nothing when they fail and say why.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/audit/audit_log.h"
#include "proxy/config/config.h"
#include "proxy/guard/cancel_registry.h"
#include "proxy/guard/outcome_settler.h"
#include "proxy/guard/parse_pool.h"
#include "proxy/guard/prepared_transactions.h"
#include "proxy/guard/recent_changes.h"
#include "proxy/guard/snapshot.h"
#include "proxy/introspect/primary_watch.h"

namespace schemaguard::proxy {

class Guard {
 public:
  // Called with a new configuration before it is taken over; an error keeps the old one (listeners that cannot be
  // opened, for instance).
  using Prepare = std::function<absl::Status(const Snapshot& next)>;

  static absl::StatusOr<std::unique_ptr<Guard>> create(std::shared_ptr<const Config> config);
  ~Guard() { finish(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // Ends the parse threads and writes what is still queued for the audit; nothing answers a worker after it. No
  // session may run any more.
  void finish();

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  // Rises with every swap; a worker compares it with the generation of the view it has.
  [[nodiscard]] uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Reads the configuration file again; `by` says who asked, for log and audit.
  absl::Status reload(std::string_view by);
  void set_prepare(Prepare prepare) { prepare_ = std::move(prepare); }
  // Called with every configuration that a reload has taken over.
  using Reloaded = std::function<void(std::shared_ptr<const Config> config)>;
  void set_reloaded(Reloaded reloaded);

  struct ModeRequest {
    std::string server, database;
    policies::Mode mode = policies::Mode::kObserve;
    std::optional<std::chrono::seconds> duration;
    std::string reason;
    std::string by;  // who asked, for log and audit
  };
  // Gives back the mode that held before.
  absl::StatusOr<policies::Mode> set_mode(const ModeRequest& request);
  // Ends overrides whose time is over.
  void expire_modes(std::chrono::steady_clock::time_point now);

  // Null when no audit is written.
  [[nodiscard]] AuditLog* audit_log() const { return audit_log_.get(); }
  [[nodiscard]] ParsePool& parse_pool() const { return *parse_pool_; }
  CancelRegistry& cancels() { return cancels_; }
  PreparedTransactions& prepared_transactions() { return prepared_transactions_; }
  RecentChanges& recent_changes() { return recent_changes_; }
  introspect::PrimaryWatch& primary_watch() { return primary_watch_; }
  // Null when no audit is written.
  [[nodiscard]] OutcomeSettler* settler() const { return settler_.get(); }

  bool reserve_held_bytes(size_t bytes);
  void release_held_bytes(size_t bytes) { held_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] size_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

  // Numbers for references ("shop/1842"), rising within a server's label, across restarts too when there is an audit:
  // they start behind its last record, and every reference handed out stands in a record.
  uint64_t next_reference(const std::string& server);
  uint64_t next_ticket();

  // Sessions that were let through to an upstream.
  bool admit_session();
  void end_session() { sessions_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] size_t sessions() const { return sessions_.load(std::memory_order_relaxed); }

  // The last reload that failed, for /healthz; empty after a good one.
  [[nodiscard]] std::string reload_error() const;
  // Findings of the probe for logins without a password; said at start and in /healthz.
  void set_probe_warnings(std::vector<std::string> warnings);
  [[nodiscard]] std::vector<std::string> probe_warnings() const;

 private:
  Guard() = default;
  void swap(std::shared_ptr<Snapshot> next);
  absl::Status try_reload();
  void audit_policy_event(const std::string& server, const std::string& database, std::string detail);

  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::string reload_error_;
  std::vector<std::string> probe_warnings_;
  std::map<std::string, uint64_t> references_;
  std::mutex change_mutex_;  // one change at a time
  Prepare prepare_;
  Reloaded reloaded_;
  std::atomic<uint64_t> generation_ = 0;
  std::atomic<size_t> held_bytes_ = 0;
  std::atomic<size_t> held_bytes_max_ = 0;
  std::atomic<size_t> sessions_ = 0;
  std::atomic<size_t> sessions_max_ = 0;
  std::atomic<uint64_t> tickets_ = 0;  // used when there is no audit log
  CancelRegistry cancels_;
  PreparedTransactions prepared_transactions_;
  RecentChanges recent_changes_;
  introspect::PrimaryWatch primary_watch_;
  std::unique_ptr<ParsePool> parse_pool_;
  std::unique_ptr<AuditLog> audit_log_;
  std::unique_ptr<OutcomeSettler> settler_;
};

}  // namespace schemaguard::proxy
