// PendingCommands: the forwarded commands the server has still to answer, in order (design section 8).
//
// Every server packet belongs to the oldest of them. Most queues are one long: what has to be judged waits for the
// answers before it, only ordinary queries are pipelined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "parser/mysql/reading.h"
#include "parser/mysql/reply_reader.h"
#include "parser/mysql/wire_format.h"
#include "parser/statement_facts.h"

namespace schemaguard::proxy::mysql {

// What is known of a statement that was prepared by COM_STMT_PREPARE. Without facts: harmless, or, with `unjudged`,
// prepared while the mode was off.
struct Prepared {
  std::shared_ptr<const parser::TextFacts> facts;
  std::string text;
  parser::mysql::ReadingState reading;  // before it
  bool unjudged = false;
};
using PreparedRef = std::shared_ptr<const Prepared>;

// One statement of a command with what it stands for: an EXECUTE stands for the statement that was prepared.
struct RequestedStatement {
  const parser::StatementFacts* facts = nullptr;  // what runs; kept alive by CommandDetails::owners
  uint64_t ticket = 0;                            // of its audit record; 0: not audited
};

// What only the less common commands carry.
struct CommandDetails {
  std::vector<RequestedStatement> statements;
  std::vector<std::shared_ptr<const void>> owners;
  parser::mysql::ReadingState reading_before;
  parser::mysql::ReadingState reading_after;  // when all statements succeed
  size_t parts_done = 0;
  bool parts_unclear = false;  // a statement may give several results: they cannot be told apart any more
  PreparedRef prepared;        // COM_STMT_PREPARE
  std::string name;            // COM_INIT_DB, COM_CHANGE_USER: the database
  std::string user;            // COM_CHANGE_USER
};

struct PendingCommand {
  PendingCommand(parser::mysql::Command which, parser::mysql::Capabilities capabilities);

  parser::mysql::Command command;
  parser::mysql::ReplyReader reply;
  bool internal = false;        // the guard's own: its answer is swallowed
  bool asks_server = false;     // … and is a row that tells of the server
  bool may_ask_file = false;    // LOAD DATA LOCAL: what comes behind it from the client may be a file (mysql-wire 18)
  bool forgets = false;         // was not judged: whatever it may have changed is unknown afterwards
  bool modes_reported = false;  // its answer has told sql_mode …
  bool character_set_reported = false;  // … and character_set_client
  std::unique_ptr<CommandDetails> details;

  // What comes behind it from the client waits: it need not be a command, but a file or an answer of an authentication;
  // or a command that was judged may decide how the next text is read, and by whose rules (evasion M3, M14).
  [[nodiscard]] bool holds_back() const {
    return details != nullptr || command == parser::mysql::Command::kResetConnection ||
           reply.shape() == parser::mysql::ReplyShape::kStream;
  }
};

class PendingCommands {
 public:
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] size_t size() const { return queue_.size(); }
  PendingCommand& front() { return queue_.front(); }
  PendingCommand& back() { return queue_.back(); }
  void push(PendingCommand command) { queue_.push_back(std::move(command)); }
  void pop() { queue_.erase(queue_.begin()); }
  [[nodiscard]] auto begin() const { return queue_.begin(); }
  [[nodiscard]] auto end() const { return queue_.end(); }

 private:
  absl::InlinedVector<PendingCommand, 1> queue_;
};

}  // namespace schemaguard::proxy::mysql
