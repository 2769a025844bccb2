// PendingRequests: the forwarded messages the server has still to answer, in order (design section 8).
//
// The queue pairs both directions: each answer belongs to the oldest entry that it can answer. Messages without an
// answer (Flush, CopyData) have no entry; CopyDone and CopyFail have one only to keep their place among others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/postgres/protocol_format.h"
#include "proxy/postgres/prepared_statements.h"
#include "proxy/postgres/refusal.h"

namespace schemaguard::proxy::postgres {

// One statement of a request with what it stands for: an EXECUTE stands for the statement that was prepared.
struct RequestedStatement {
  const parser::StatementFacts* facts = nullptr;    // what runs; kept alive by RequestDetails::owners
  const parser::StatementFacts* written = nullptr;  // what was written; differs from `facts` for EXECUTE
  uint64_t ticket = 0;                              // of its audit record; 0: not audited
};

// What only the less common requests carry.
struct RequestDetails {
  std::vector<RequestedStatement> statements;  // Query, Execute
  std::vector<std::shared_ptr<const void>> owners;
  std::shared_ptr<const parser::TextFacts> text_facts;  // what `statements` were read from
  std::string text;                                     // of the statements, for their effects
  bool ambiguous = false;                               // read in more than one way: parts cannot be told apart
  std::optional<Refusal> refusal;
  std::string notice;    // warn mode: goes out before the first answer
  PreparedRef prepared;  // Parse
  std::string name;      // Close
  char target = 'S';     // Close
};

struct PendingRequest {
  char type = 'Q';             // the frontend message's type byte
  bool uncertain = false;      // may change how text is read or what names mean: unanswered, it costs certainty
  bool registered = false;     // has an unanswered definition in the statement or portal map
  bool answered = false;       // a Query or FunctionCall that has had an answer
  bool failed = false;         // its ErrorResponse has come; ReadyForQuery is still due
  bool in_copy = false;        // a Sync sent during COPY FROM STDIN: the server ignores it unless the copy has failed
  bool in_open_batch = false;  // a Query behind extended messages without a Sync
  bool ends_transaction = false;  // holds a COMMIT, ROLLBACK or PREPARE TRANSACTION
  uint32_t parts_done = 0;        // statements of a Query that have completed
  uint64_t batch = 0;             // number of Syncs, Queries and FunctionCalls forwarded before it
  std::unique_ptr<RequestDetails> details{};
};

class PendingRequests {
 public:
  void push(PendingRequest&& request) { ring_.push_back(std::move(request)); }
  // One of `type` with nothing else set yet.
  PendingRequest& push(char type) {
    PendingRequest& request = ring_.emplace_back();
    request.type = type;
    return request;
  }
  // The ends of copies that stand at the front: nothing answers them there.
  void pop_copy_ends() {
    namespace frontend = parser::postgres::frontend;
    while (!empty() && (front().type == frontend::kCopyDone || front().type == frontend::kCopyFail)) pop();
  }
  [[nodiscard]] bool empty() const { return head_ == ring_.size(); }
  [[nodiscard]] size_t size() const { return ring_.size() - head_; }
  PendingRequest& front() { return ring_[head_]; }
  [[nodiscard]] const PendingRequest& front() const { return ring_[head_]; }
  PendingRequest& at(size_t index) { return ring_[head_ + index]; }
  [[nodiscard]] const PendingRequest& at(size_t index) const { return ring_[head_ + index]; }
  void pop() {
    if (ring_[head_].details) ring_[head_].details.reset();
    ++head_;
    if (head_ == ring_.size()) {
      // An idle session holds no buffer: what a burst has grown is given back.
      if (ring_.capacity() > 16) std::vector<PendingRequest>().swap(ring_);
      ring_.clear();
      head_ = 0;
    } else if (head_ >= 64 && head_ * 2 >= ring_.size()) {
      ring_.erase(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  void erase(size_t index) { ring_.erase(ring_.begin() + static_cast<std::ptrdiff_t>(head_ + index)); }

 private:
  std::vector<PendingRequest> ring_;
  size_t head_ = 0;
};

}  // namespace schemaguard::proxy::postgres
