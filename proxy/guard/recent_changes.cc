#include "proxy/guard/recent_changes.h"

#include <algorithm>

namespace schemaguard::proxy {

using policies::AuditEvent;
using policies::AuditRecord;
using policies::Outcome;

void RecentChanges::note(const AuditRecord& record) {
  const bool is_change = record.event == AuditEvent::kStatement && record.outcome != Outcome::kRefused &&
                         record.facts != nullptr && !record.facts->changes.empty() && record.session != nullptr;
  const bool is_end = record.event == AuditEvent::kOutcome && record.of_ticket != 0;
  if (!is_change && !is_end) return;
  const std::lock_guard lock(mutex_);
  if (is_change) {
    note_statement(record);
  } else {
    note_outcome(record);
  }
}

void RecentChanges::note_statement(const AuditRecord& record) {
  if (entries_.size() >= kStatementsMax) drop_oldest();
  newest_ticket_ = std::max(newest_ticket_, record.ticket);
  place_by_ticket_[record.ticket] = first_place_ + entries_.size();
  entries_.push_back(
      {.ticket = record.ticket, .session = record.session, .facts = record.facts, .recorded = record.ts});
}

void RecentChanges::note_outcome(const AuditRecord& record) {
  bool had_effect = false;
  switch (record.outcome) {
    case Outcome::kNone:
    case Outcome::kUnknown:
    case Outcome::kPrepared:
      return;  // it may still take effect
    case Outcome::kCommitted:
      had_effect = true;
      break;
    case Outcome::kRolledBack:
    case Outcome::kFailed:
    case Outcome::kRefused:
      break;
  }
  if (dropped_open_.erase(record.of_ticket) > 0) {
    if (had_effect) complete_since_ = std::max(complete_since_, newest_ticket_ + 1);
    return;
  }
  const auto place = place_by_ticket_.find(record.of_ticket);
  if (place == place_by_ticket_.end()) return;
  Entry& entry = entries_[place->second - first_place_];
  entry.had_effect = had_effect;
  entry.ended = true;
  entry.ended_at = newest_ticket_;
  entry.ended_on = record.ts;
  if (!had_effect) entry.facts.reset();
}

void RecentChanges::drop_oldest() {
  const Entry& oldest = entries_.front();
  if (!oldest.ended) {
    dropped_open_.insert(oldest.ticket);
  } else if (oldest.had_effect) {
    complete_since_ = std::max(complete_since_, oldest.ended_at + 1);
  }
  place_by_ticket_.erase(oldest.ticket);
  entries_.pop_front();
  ++first_place_;
}

std::optional<RecentChanges::Facts> RecentChanges::beside(const policies::AuditSession& session,
                                                          const std::vector<uint64_t>& tickets,
                                                          absl::Duration margin) const {
  const uint64_t first_ticket = *std::min_element(tickets.begin(), tickets.end());
  const std::lock_guard lock(mutex_);
  if (!dropped_open_.empty() || first_ticket < complete_since_) return std::nullopt;
  const auto first = place_by_ticket_.find(first_ticket);
  const bool with_margin = margin > absl::ZeroDuration() && first != place_by_ticket_.end();
  const absl::Time since =
      with_margin ? entries_[first->second - first_place_].recorded - margin : absl::InfiniteFuture();
  const bool of_mysql = session.engine == "mysql";
  Facts found;
  for (const Entry& entry : entries_) {
    if (!entry.had_effect || (entry.ended && entry.ended_at < first_ticket && entry.ended_on < since)) continue;
    if (entry.session->server != session.server) continue;
    if (!of_mysql && entry.session->database != session.database) continue;
    if (std::find(tickets.begin(), tickets.end(), entry.ticket) == tickets.end()) found.push_back(entry.facts);
  }
  return found;
}

}  // namespace schemaguard::proxy
