// RecentChanges: what this guard has recorded of schema changes lately, for those who look at the catalog afterwards.
//
// A change that somebody else made, or may be making, on the same object since a transaction began takes the force
// away from what the catalog shows of that transaction (policies/settlement). Fed with every audit record; keeps those
// of forwarded statements with changes and notes their ends. At most kStatementsMax are kept; asked about a time before
// those, it says that it does not know. Any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "policies/audit/audit_record.h"

namespace schemaguard::proxy {

class RecentChanges {
 public:
  static constexpr size_t kStatementsMax = 10'000;
  using Facts = std::vector<std::shared_ptr<const parser::StatementFacts>>;

  void note(const policies::AuditRecord& record);

  // The changes in `session`'s server and database (on MySQL: server, any session may name any database) that may have
  // taken effect at any time since the first of the statements `tickets` (not empty) was recorded, or in the `margin`
  // before it, without these. nullopt: too much has happened to know them all.
  [[nodiscard]] std::optional<Facts> beside(const policies::AuditSession& session, const std::vector<uint64_t>& tickets,
                                            absl::Duration margin = absl::ZeroDuration()) const;

 private:
  struct Entry {
    uint64_t ticket = 0;
    std::shared_ptr<const policies::AuditSession> session;
    std::shared_ptr<const parser::StatementFacts> facts;
    bool had_effect = true;  // false once it is known to have had none
    bool ended = false;
    uint64_t ended_at = 0;  // the newest ticket at its end
    absl::Time recorded{};
    absl::Time ended_on{};
  };
  void note_statement(const policies::AuditRecord& record);
  void note_outcome(const policies::AuditRecord& record);
  void drop_oldest();

  mutable std::mutex mutex_;
  uint64_t newest_ticket_ = 0;
  uint64_t complete_since_ = 0;  // what was dropped had ended before this ticket
  std::deque<Entry> entries_;    // oldest first
  uint64_t first_place_ = 0;     // of entries_.front(), counted over all that ever were
  absl::flat_hash_map<uint64_t, uint64_t> place_by_ticket_;
  absl::flat_hash_set<uint64_t> dropped_open_;  // dropped before their end
};

}  // namespace schemaguard::proxy
