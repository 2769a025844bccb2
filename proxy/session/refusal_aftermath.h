// RefusalAftermath: what a session refuses because of what it was refused before (design section 7).
//
// A refused script must not leave half of itself behind: after a refused CREATE or DROP of a table the rows that a dump
// brings for it, and its sequences' positions, are refused too; so are all writes after a rule with
// `after: refuse_writes`. Lasts until the session ends. A value without I/O; it never refuses schema changes, which
// have verdicts of their own.
#pragma once

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "parser/statement_facts.h"
#include "policies/rules/verdict.h"

namespace schemaguard::proxy {

class RefusalAftermath {
 public:
  // One statement of a message that was refused.
  void note_refused(const parser::StatementFacts& facts);
  // The verdict that refused the message.
  void note_verdict(const policies::Verdict& verdict);

  [[nodiscard]] bool empty() const { return writes_refused_by_.empty() && restore_refused_.empty(); }
  [[nodiscard]] bool disconnects() const { return disconnects_; }
  // The verdict on a statement that may not run any more in this session; nullopt: nothing earlier speaks against it.
  [[nodiscard]] std::optional<policies::Verdict> verdict(const parser::StatementFacts& facts) const;

 private:
  absl::flat_hash_set<std::string> restore_refused_;  // tables whose CREATE or DROP was refused
  std::string writes_refused_by_;  // the rule with `after: refuse_writes` that has refused a statement; empty: none
  bool disconnects_ = false;
};

}  // namespace schemaguard::proxy
