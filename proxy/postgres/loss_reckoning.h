// Loss reckoning: what a broken connection leaves of the requests that were under way.
//
// When the server's answers end, every statement without an outcome belongs to one of these: it is certainly not
// committed, it is certainly committed (the server tells of a statement that commits by itself only after the commit,
// G25, G36), or a commit may have been reached and nobody said so. reckon_loss() walks through the unanswered requests
// in order and puts the statements into groups that end together; the first group also holds what the session's
// journal has as done. In doubt a group may have committed: `unknown` is settled later, a wrong word is not.
//
// The server's own last word makes more of it certain. A backend that ends with one of the FATALs of
// ends_backend_before_commit() was stopped where it looks for interrupts, and it does not look between a commit and
// the answer that tells of it, except behind a Sync; the statement that it was in did not reach its end, and nothing
// behind it was read. Other FATALs (a pooler's, for instance) prove nothing, and a PANIC may follow a commit.
//
// A pure function over the queue; it changes nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/postgres/pending_requests.h"

namespace schemaguard::proxy::postgres {

struct LostPart {
  size_t request = 0;  // place in the queue
  size_t part = 0;     // statement in the request
};

struct LostGroup {
  bool may_have_committed = false;
  bool has_committed = false;
  // False: the statements may belong to several transactions, or a part of them was rolled back to a savepoint.
  bool atomic = true;
  std::string gid;  // of a PREPARE TRANSACTION that may have been reached
  std::vector<LostPart> parts;
};

struct LossCircumstances {
  bool in_block = false;               // a transaction block is open, by the answers so far
  bool said_fatal = false;             // the server's last word was a FATAL or PANIC …
  bool stopped_before_commit = false;  // … of the kind above
};

// Never empty.
std::vector<LostGroup> reckon_loss(const PendingRequests& pending, const LossCircumstances& circumstances);

// FATALs with which a server ends a backend at a place where it has not begun to commit: pg_terminate_backend and
// shutdown, the timeouts of idle and of long transactions and of idle sessions.
bool ends_backend_before_commit(std::string_view severity, std::string_view sqlstate);

}  // namespace schemaguard::proxy::postgres
