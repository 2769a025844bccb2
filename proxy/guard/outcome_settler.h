// OutcomeSettler: finds out what became of transactions whose end nobody has seen, and writes it into the audit.
//
// One thread of its own, started with the first transaction; never on a worker's loop. For each transaction it waits
// until a primary can be reached and the backend that ran it is gone, looks at the catalog once (on MySQL also before,
// while the connection that ran it is still there), and writes a second `outcome` record: reason `settled_by_catalog`
// with the evidence, or `not_settled` with the cause. Attempts come at growing distances until Timeouts::settle is
// over; each one is bounded by Timeouts::connect and kSideStatementLimit. Beyond kTransactionsMax waiting transactions
// further ones stay unknown, and so do those that wait when the guard ends. The log, the changes and the prepared
// transactions must outlive it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "policies/settlement/mysql_settlement.h"
#include "policies/settlement/settlement.h"
#include "proxy/audit/audit_log.h"
#include "proxy/guard/prepared_transactions.h"
#include "proxy/guard/recent_changes.h"
#include "proxy/guard/snapshot.h"
#include "proxy/introspect/mysql_side_connection.h"
#include "proxy/introspect/side_connection.h"
#include "proxy/introspect/stop_signal.h"

namespace schemaguard::proxy {

class OutcomeSettler {
 public:
  static constexpr size_t kTransactionsMax = 1'000;

  OutcomeSettler(AuditLog& log, RecentChanges& changes, PreparedTransactions& prepared)
      : log_(log), changes_(changes), prepared_(prepared) {}
  ~OutcomeSettler();
  OutcomeSettler(const OutcomeSettler&) = delete;
  OutcomeSettler& operator=(const OutcomeSettler&) = delete;

  // Any thread. A server without guard_login is ignored.
  void submit(std::shared_ptr<const ServerRuntime> server, policies::LostTransaction lost);
  [[nodiscard]] size_t waiting() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    std::shared_ptr<const ServerRuntime> server;
    policies::LostTransaction lost;
    Clock::time_point deadline;
    Clock::time_point next_attempt;
    Clock::duration distance;  // to the next attempt
    std::string first_look;    // the server's time at the first look for the backend
    std::string cause;         // why the last attempt settled nothing
    // MySQL: what is asked, and what was seen while the connection that ran it was still there; empty: nothing.
    std::vector<policies::MysqlQuestion> questions{};
    std::vector<policies::CatalogAnswer> seen_before{};
  };
  enum class Attempt : uint8_t { kDone, kAgain };

  void run();
  Attempt attempt(Waiting& waiting);
  absl::StatusOr<introspect::SideConnection> reach_primary(const Waiting& waiting) const;
  absl::StatusOr<Attempt> look(introspect::SideConnection& connection, Waiting& waiting);
  absl::StatusOr<Attempt> attempt_mysql(Waiting& waiting);
  absl::StatusOr<introspect::MysqlSideConnection> reach_writable(const Waiting& waiting, bool& own_server) const;
  absl::StatusOr<Attempt> look_mysql(introspect::MysqlSideConnection& connection, Waiting& waiting);
  // Takes the force of the answers that changes of others may have to do with. False: nobody knows them all.
  bool weigh(const Waiting& waiting, std::vector<policies::MysqlAnswer>& answers) const;
  void write(const Waiting& waiting, const policies::LostStatement& statement, policies::Outcome outcome,
             std::string_view reason, std::string_view member, std::string_view text);
  void give_up(const Waiting& waiting);

  AuditLog& log_;
  RecentChanges& changes_;
  PreparedTransactions& prepared_;
  introspect::StopSignal stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  size_t in_hand_ = 0;  // taken out of waiting_ for an attempt
  std::thread thread_;
};

}  // namespace schemaguard::proxy
