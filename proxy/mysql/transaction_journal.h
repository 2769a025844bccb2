// TransactionJournal: which audited statements of a MySQL session are still open, and what became of them.
//
// Goes by the server's status flags: what completes outside a transaction is committed at once, a schema change commits
// whatever was open even when it fails (mysql-wire 43), a flag IN_TRANS that has gone says that the transaction has
// ended. Emits each final outcome exactly once. A value machine without I/O; the session hands the outcomes to the
// audit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/audit/audit_record.h"

namespace schemaguard::proxy::mysql {

struct StatementOutcome {
  uint64_t ticket = 0;
  policies::Outcome outcome = policies::Outcome::kNone;
  std::string sqlstate{};
};

class TransactionJournal {
 public:
  using Outcomes = std::vector<StatementOutcome>;

  // One statement has completed. `ticket` 0: it is not audited, only what it does to the transaction counts. `facts`
  // may be null. `in_transaction`: the flag behind it.
  void on_complete(uint64_t ticket, const parser::StatementFacts* facts, bool in_transaction, Outcomes& outcomes);
  // The statement failed with error `number`.
  void on_error(uint64_t ticket, const parser::StatementFacts* facts, uint16_t number, std::string_view sqlstate,
                Outcomes& outcomes);
  // The session was reset or is over: what was open is rolled back, or `open` when that is not certain.
  void on_end(policies::Outcome open, Outcomes& outcomes);

  [[nodiscard]] bool empty() const { return done_.empty(); }

 private:
  struct Savepoint {
    std::string name;
    size_t done_count;
  };
  void finish_from(size_t first, policies::Outcome outcome, Outcomes& outcomes);
  void apply_control(const parser::StatementFacts& facts, Outcomes& outcomes);

  std::vector<uint64_t> done_;  // completed, not yet final, oldest first
  std::vector<Savepoint> savepoints_;
};

}  // namespace schemaguard::proxy::mysql
