#include "proxy/mysql/transaction_journal.h"

#include <algorithm>

#include "parser/words.h"

namespace schemaguard::proxy::mysql {

using parser::StatementFacts;
using parser::TransactionControl;
using policies::Outcome;

namespace {

// The whole transaction is rolled back, not the statement alone (InnoDB).
constexpr uint16_t kErrDeadlock = 1213;

}  // namespace

void TransactionJournal::finish_from(size_t first, Outcome outcome, Outcomes& outcomes) {
  for (size_t index = first; index < done_.size(); ++index) {
    outcomes.push_back({.ticket = done_[index], .outcome = outcome});
  }
  done_.resize(first);
}

void TransactionJournal::apply_control(const StatementFacts& facts, Outcomes& outcomes) {
  const auto named = [&] {
    return std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const Savepoint& savepoint) {
      return parser::equals_ignoring_case(savepoint.name, facts.transaction_name);
    });
  };
  switch (facts.transaction) {
    case TransactionControl::kBegin:
    case TransactionControl::kCommit:
      finish_from(0, Outcome::kCommitted, outcomes);
      savepoints_.clear();
      return;
    case TransactionControl::kRollback:
      finish_from(0, Outcome::kRolledBack, outcomes);
      savepoints_.clear();
      return;
    case TransactionControl::kSavepoint:
      // A savepoint of the same name is replaced.
      if (const auto old = named(); old != savepoints_.rend()) savepoints_.erase(std::next(old).base());
      savepoints_.push_back({.name = facts.transaction_name, .done_count = done_.size()});
      return;
    case TransactionControl::kRollbackToSavepoint:
      if (const auto savepoint = named(); savepoint != savepoints_.rend()) {
        finish_from(savepoint->done_count, Outcome::kRolledBack, outcomes);
        savepoints_.erase(savepoint.base(), savepoints_.end());
      }
      return;
    case TransactionControl::kRelease:
      if (const auto savepoint = named(); savepoint != savepoints_.rend()) {
        savepoints_.erase(std::next(savepoint).base(), savepoints_.end());
      }
      return;
    case TransactionControl::kPrepareTransaction:
      // XA: what becomes of it is said by somebody else's XA COMMIT.
      finish_from(0, Outcome::kPrepared, outcomes);
      savepoints_.clear();
      return;
    case TransactionControl::kNone:
    case TransactionControl::kCommitPrepared:
    case TransactionControl::kRollbackPrepared:
      return;
  }
}

void TransactionJournal::on_complete(uint64_t ticket, const StatementFacts* facts, bool in_transaction,
                                     Outcomes& outcomes) {
  if (facts != nullptr) {
    if (facts->implicit_commit) finish_from(0, Outcome::kCommitted, outcomes);
    apply_control(*facts, outcomes);
  }
  if (ticket != 0) done_.push_back(ticket);
  if (in_transaction) return;
  finish_from(0, Outcome::kCommitted, outcomes);
  savepoints_.clear();
}

void TransactionJournal::on_error(uint64_t ticket, const StatementFacts* facts, uint16_t number,
                                  std::string_view sqlstate, Outcomes& outcomes) {
  if (facts != nullptr && facts->implicit_commit) {
    // Measured on MariaDB: a failing ALTER had committed what was open, a syntax error had not (mysql-wire 43).
    if (sqlstate != "42000" || number != 1064) finish_from(0, Outcome::kCommitted, outcomes);
  }
  if (number == kErrDeadlock) finish_from(0, Outcome::kRolledBack, outcomes);
  if (ticket != 0) {
    outcomes.push_back({.ticket = ticket, .outcome = Outcome::kFailed, .sqlstate = std::string(sqlstate)});
  }
}

void TransactionJournal::on_end(Outcome open, Outcomes& outcomes) {
  finish_from(0, open, outcomes);
  savepoints_.clear();
}

}  // namespace schemaguard::proxy::mysql
