// LostTransaction: what is still known of a transaction whose end nobody has seen.
//
// A session fills it when its connection broke around a COMMIT, or when audited statements wait between PREPARE
// TRANSACTION and its end; settlement.h says what a look at the catalog may conclude from it. Values only; facts are
// shared, never copied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "parser/statement_facts.h"
#include "policies/audit/audit_record.h"
#include "policies/rules/policy.h"

namespace schemaguard::policies {

// What is known of the search_path with which a statement's names were resolved.
enum class PathKnowledge : uint8_t {
  kUnknown,  // nothing: its unqualified names cannot be looked up
  kDefault,  // never changed in sight: the login's own default, which the catalog tells
  kCertain,  // SessionNames::search_path
};

// One audited statement without a final outcome.
struct LostStatement {
  uint64_t ticket = 0;  // of its record, in this process …
  uint64_t seq = 0;     // … or the record's number, when it was written before this process started
  std::shared_ptr<const parser::StatementFacts> facts{};  // null: not kept, nothing can be concluded
  bool answered = false;                                  // the server has said that it was done
  SessionNames names{};
  PathKnowledge path = PathKnowledge::kUnknown;
  std::string role{};  // the role it ran as, "" for the login
};

struct LostTransaction {
  std::shared_ptr<const AuditSession> session{};
  uint32_t process_id = 0;     // of the server's backend; MySQL: the connection's number, from the greeting
  std::string address{};       // MySQL: of the upstream, as it is displayed
  absl::Time sent{};           // MySQL: when the oldest unanswered statement was recorded, right before it was sent
  std::string gid{};           // PREPARE TRANSACTION may have been reached, or COMMIT/ROLLBACK PREPARED
  bool ends_prepared = false;  // the latter: the statements are those of the prepared transaction `gid`
  // False: each statement may belong to a transaction of its own, and is settled by itself.
  bool atomic = true;
  std::vector<LostStatement> statements{};
};

}  // namespace schemaguard::policies
