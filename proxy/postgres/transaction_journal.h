// TransactionJournal: which audited statements of a session are still open, and what became of them.
//
// Follows the server's answers only: a CommandComplete makes a statement done, and what is done becomes committed or
// rolled back when the transaction ends (evasion 3, 4, 91, 160, 163; G52-G55). Emits each final outcome exactly once.
// A value machine without I/O; the session hands the outcomes to the audit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/audit/audit_record.h"

namespace schemaguard::proxy::postgres {

struct StatementOutcome {
  uint64_t ticket = 0;
  policies::Outcome outcome = policies::Outcome::kNone;
  std::string sqlstate{};
  uint64_t seq = 0;   // of the statement's record, when it was written before this process started
  std::string gid{};  // with kPrepared
};

class TransactionJournal {
 public:
  using Outcomes = std::vector<StatementOutcome>;

  // One statement has completed (its CommandComplete came). `ticket` 0: it is not audited, only its transaction
  // control counts. Finished outcomes are appended to `outcomes`; tickets that a PREPARE TRANSACTION has taken out of
  // this session are appended to `prepared` instead.
  void on_complete(uint64_t ticket, const parser::StatementFacts* facts, std::string_view tag, Outcomes& outcomes,
                   std::vector<uint64_t>& prepared);
  // The statement in flight failed with `sqlstate`; `ticket` may be 0.
  void on_error(uint64_t ticket, std::string_view sqlstate, Outcomes& outcomes);
  // ReadyForQuery. `status` is the server's.
  void on_ready(char status, Outcomes& outcomes);
  // The connection is gone. `unless_failed` is what has become of the open transaction by the requests that were under
  // way (loss_reckoning.h); one in which an error happened is rolled back in any case.
  void on_disconnect(policies::Outcome unless_failed, Outcomes& outcomes);

  [[nodiscard]] bool empty() const { return done_.empty() && !failed_; }

 private:
  struct Savepoint {
    std::string name;
    size_t done_count;
  };
  void finish_all(policies::Outcome outcome, Outcomes& outcomes);

  std::vector<uint64_t> done_;  // completed, not yet final, oldest first
  std::vector<Savepoint> savepoints_;
  bool failed_ = false;  // an error happened since the transaction began
};

// Commands that the server commits by themselves, whatever follows in the same message (G36).
bool commits_immediately(const parser::StatementFacts& facts);

}  // namespace schemaguard::proxy::postgres
