// SessionServices: what a session may ask of its surroundings: the policy in force, the audit, parse jobs, randomness.
//
// Implemented by the driver of proxy/net, by a script in tests. Every method is called on the session's own thread and
// returns at once; answers that take time come back through the session (WireSession::on_parsed, on_audit_written),
// never from inside the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "parser/mysql/reading.h"
#include "parser/postgres/reading.h"
#include "parser/statement_facts.h"
#include "policies/audit/audit_record.h"
#include "policies/rules/policy.h"
#include "policies/settlement/lost_transaction.h"

namespace schemaguard::proxy {

// Names a session for cancel requests: the server's process ID and the secret that this guard handed out.
struct CancelKey {
  uint32_t process_id = 0;
  std::string secret;  // 4 bytes for protocol 3.0, up to 32 for 3.2
  std::string listener;
};

// How a text is to be read, which also says by whose grammar.
using TextReading = std::variant<parser::postgres::Reading, parser::mysql::ReadingState>;

// A parse job's question and answer. The text is owned by the job: the session may die before the answer.
struct ParseJob {
  std::string text;
  TextReading reading;
  uint64_t id = 0;
};

// One consistent view of the configuration for one database; a new one is picked up with the next statement.
struct GuardView {
  std::shared_ptr<const policies::Policy> policy;
  policies::Mode mode = policies::Mode::kObserve;
  bool audit_blocks = false;  // enforce mode with on_failure: block: wait for the file before forwarding
  bool audit_enabled = false;
};

class SessionServices {
 public:
  virtual ~SessionServices() = default;
  // The current view for a database name; cheap (a pointer compare on the same generation).
  virtual const GuardView& view(std::string_view database) = 0;
  virtual absl::Time now() = 0;
  // Facts of a text read before under the same reading, or null.
  virtual std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view text,
                                                                parser::postgres::Reading reading) = 0;
  // Starts a parse job; the answer comes through WireSession::on_parsed() with the same id, never from inside this
  // call.
  virtual void start_parse(ParseJob job) = 0;
  // Appends to the audit. With `wait`, WireSession::on_audit_written(ticket) follows, never from inside this call.
  virtual uint64_t next_ticket() = 0;
  virtual void audit(policies::AuditRecord record, bool wait) = 0;
  // Random bytes from a cryptographic source.
  virtual void random_bytes(std::span<std::byte> out) = 0;
  // Makes the session known for cancel requests, and unknown again.
  virtual void register_cancel_key(const CancelKey& key) = 0;
  virtual void unregister_cancel_key(const CancelKey& key) = 0;
  // Number for "ref server/1842": unique and rising within the server's label.
  virtual uint64_t next_reference() = 0;
  // Asks for room for a held text within Limits::held_bytes_max; false: refuse the message.
  virtual bool reserve_held_bytes(size_t bytes) = 0;
  virtual void release_held_bytes(size_t bytes) = 0;
  // PREPARE TRANSACTION takes audited statements out of their session; whoever ends it settles them (G52).
  virtual void stash_prepared_transaction(std::string_view database, std::string_view gid,
                                          std::vector<policies::LostStatement> statements) = 0;
  // nullopt: nothing is known of a transaction of this name.
  virtual std::optional<std::vector<policies::LostStatement>> take_prepared_transaction(std::string_view database,
                                                                                        std::string_view gid) = 0;
  // Outcomes that were recorded as unknown: the catalog may tell them later, if the guard may look.
  virtual void settle_later(policies::LostTransaction lost) = 0;
  // True the first time that this user calls this routine, as far as the guard remembers: only that use is audited,
  // later ones are counted (design section 5). Forgetting early costs a record too many, never one too few.
  virtual bool is_first_use(std::string_view database, std::string_view user, std::string_view routine) = 0;
  // The upstream that this session has reached is a standby, and it wants the primary.
  virtual void met_standby() = 0;
  // A line for the process log about a statement that the policy warns of, for protocols that cannot tell the client.
  virtual void warn(std::string_view line) = 0;
  // Counters for /metrics, by stable name: "statements_refused", "protocol_violations", "texts_unread", …
  virtual void count(std::string_view counter) = 0;
};

}  // namespace schemaguard::proxy
