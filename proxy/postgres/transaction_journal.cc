#include "proxy/postgres/transaction_journal.h"

#include <algorithm>
#include <array>

namespace schemaguard::proxy::postgres {

using parser::TransactionControl;
using policies::Outcome;

bool commits_immediately(const parser::StatementFacts& facts) {
  static constexpr std::array<std::string_view, 7> kCommands = {"CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE",
                                                                "DROP TABLESPACE", "ALTER SYSTEM",  "VACUUM",
                                                                "REINDEX DATABASE"};
  if (std::find(kCommands.begin(), kCommands.end(), facts.command) != kCommands.end()) return true;
  if (facts.embedded_commit) return true;
  return std::any_of(facts.changes.begin(), facts.changes.end(),
                     [](const parser::Change& change) { return change.concurrently; });
}

void TransactionJournal::finish_all(Outcome outcome, Outcomes& outcomes) {
  for (const uint64_t ticket : done_) outcomes.push_back({.ticket = ticket, .outcome = outcome});
  done_.clear();
  savepoints_.clear();
}

void TransactionJournal::on_complete(uint64_t ticket, const parser::StatementFacts* facts, std::string_view tag,
                                     Outcomes& outcomes, std::vector<uint64_t>& prepared) {
  const TransactionControl control = facts == nullptr ? TransactionControl::kNone : facts->transaction;
  switch (control) {
    case TransactionControl::kNone:
      if (ticket == 0) return;
      if (facts != nullptr && commits_immediately(*facts)) {
        outcomes.push_back({.ticket = ticket, .outcome = Outcome::kCommitted});
      } else {
        done_.push_back(ticket);
      }
      return;
    case TransactionControl::kBegin:
      break;
    case TransactionControl::kCommit:
      // In a failed transaction the tag of COMMIT is ROLLBACK: the tag counts, not the request (G55).
      finish_all(tag == "COMMIT" ? Outcome::kCommitted : Outcome::kRolledBack, outcomes);
      failed_ = false;
      break;
    case TransactionControl::kRollback:
      finish_all(Outcome::kRolledBack, outcomes);
      failed_ = false;
      break;
    case TransactionControl::kSavepoint:
      savepoints_.push_back({facts->transaction_name, done_.size()});
      break;
    case TransactionControl::kRollbackToSavepoint: {
      const auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const Savepoint& savepoint) {
        return savepoint.name == facts->transaction_name;
      });
      if (found == savepoints_.rend()) break;
      for (size_t i = found->done_count; i < done_.size(); ++i) {
        outcomes.push_back({.ticket = done_[i], .outcome = Outcome::kRolledBack});
      }
      done_.resize(std::min(done_.size(), found->done_count));
      savepoints_.erase(found.base(), savepoints_.end());
      failed_ = false;
      break;
    }
    case TransactionControl::kRelease: {
      const auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(), [&](const Savepoint& savepoint) {
        return savepoint.name == facts->transaction_name;
      });
      if (found != savepoints_.rend()) savepoints_.erase(found.base() - 1, savepoints_.end());
      break;
    }
    case TransactionControl::kPrepareTransaction:
      if (tag == "PREPARE TRANSACTION") {
        prepared.insert(prepared.end(), done_.begin(), done_.end());
        done_.clear();
        savepoints_.clear();
      } else {
        finish_all(Outcome::kRolledBack, outcomes);
      }
      failed_ = false;
      break;
    case TransactionControl::kCommitPrepared:
    case TransactionControl::kRollbackPrepared:
      break;
  }
  if (ticket != 0) outcomes.push_back({.ticket = ticket, .outcome = Outcome::kCommitted});
}

void TransactionJournal::on_error(uint64_t ticket, std::string_view sqlstate, Outcomes& outcomes) {
  failed_ = true;
  if (ticket != 0)
    outcomes.push_back({.ticket = ticket, .outcome = Outcome::kFailed, .sqlstate = std::string(sqlstate)});
}

void TransactionJournal::on_ready(char status, Outcomes& outcomes) {
  if (status != 'I') return;
  finish_all(failed_ ? Outcome::kRolledBack : Outcome::kCommitted, outcomes);
  failed_ = false;
}

void TransactionJournal::on_disconnect(Outcome unless_failed, Outcomes& outcomes) {
  finish_all(failed_ ? Outcome::kRolledBack : unless_failed, outcomes);
}

}  // namespace schemaguard::proxy::postgres
