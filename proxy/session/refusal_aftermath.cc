#include "proxy/session/refusal_aftermath.h"

#include <algorithm>

#include <fmt/format.h>

#include "policies/rules/reason.h"

namespace schemaguard::proxy {

using parser::StatementClass;
using parser::StatementFacts;
using policies::Action;
using policies::Verdict;

void RefusalAftermath::note_refused(const StatementFacts& facts) {
  for (const parser::Change& change : facts.changes) {
    // CREATE TABLE IF NOT EXISTS is what applications say at every start, not what a dump says.
    const bool creates = change.kind == "create_table" && !change.if_not_exists;
    if (creates || change.kind == "drop_table") restore_refused_.insert(change.object.name.name);
  }
}

void RefusalAftermath::note_verdict(const Verdict& verdict) {
  if (verdict.after == Verdict::After::kRefuseWrites) writes_refused_by_ = verdict.rule;
  if (verdict.after == Verdict::After::kDisconnect) disconnects_ = true;
}

std::optional<Verdict> RefusalAftermath::verdict(const StatementFacts& facts) const {
  if (empty()) return std::nullopt;
  // Which table owns a sequence is not in the text: any setval() after a refused CREATE belongs to the restore.
  const bool sets_sequence =
      std::any_of(facts.functions.begin(), facts.functions.end(),
                  [](const std::string& function) { return function == "setval" || function.ends_with(".setval"); });
  const bool restores =
      !restore_refused_.empty() &&
      (sets_sequence || std::any_of(facts.written.begin(), facts.written.end(), [&](const parser::ObjectUse& target) {
         return restore_refused_.contains(target.name.name);
       }));
  const bool writes = !writes_refused_by_.empty() &&
                      (sets_sequence || !facts.written.empty() || facts.classes.has(StatementClass::kDestructive));
  if (!restores && !writes) return std::nullopt;
  Verdict verdict;
  verdict.action = Action::kBlock;
  verdict.subject = facts.command;
  verdict.classes = facts.classes;
  verdict.audited = true;
  const std::string what =
      facts.written.empty() ? facts.command : fmt::format("{} {}", facts.command, facts.written.front().name.display());
  if (restores) {
    verdict.rule = "builtin/restore";
    verdict.reason = policies::reason::kRestoreIntoLive;
    verdict.message =
        fmt::format("{} blocked: a CREATE or DROP of this script was refused, and its rows would be doubled", what);
    verdict.hint =
        "Restore dumps into an empty database, or let a migrator do it. Reconnect to write to this table again.";
  } else {
    verdict.rule = writes_refused_by_;
    verdict.reason = policies::reason::kAfterRefusal;
    verdict.message = fmt::format(
        "{} blocked: an earlier statement of this session was refused, and by that rule its writes are too", what);
    verdict.hint = "Reconnect to write again, without the statement that was refused.";
  }
  return verdict;
}

}  // namespace schemaguard::proxy
