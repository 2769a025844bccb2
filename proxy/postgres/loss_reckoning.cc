#include "proxy/postgres/loss_reckoning.h"

#include <algorithm>
#include <array>

#include "parser/postgres/frontend_messages.h"
#include "proxy/postgres/transaction_journal.h"

namespace schemaguard::proxy::postgres {

namespace frontend = parser::postgres::frontend;
using parser::TransactionControl;

namespace {

enum class Block : uint8_t { kNone, kOpen, kEither };

Block either(Block left, Block right) { return left == right ? left : Block::kEither; }

bool is_extended(char type) {
  return type == frontend::kParse || type == frontend::kBind || type == frontend::kDescribe ||
         type == frontend::kExecute || type == frontend::kClose;
}

bool runs_statements(char type) {
  return type == frontend::kQuery || type == frontend::kExecute || type == frontend::kFunctionCall;
}

bool ends_batch(char type) {
  return type == frontend::kQuery || type == frontend::kSync || type == frontend::kFunctionCall;
}

class Reckoning {
 public:
  Reckoning(const PendingRequests& pending, const LossCircumstances& circumstances)
      : pending_(pending),
        circumstances_(circumstances),
        block_(circumstances.in_block ? Block::kOpen : Block::kNone),
        groups_(1) {}

  std::vector<LostGroup> run() {
    for (size_t index = 0; index < pending_.size(); ++index) {
      const PendingRequest& request = pending_.at(index);
      // The FATAL came right behind this error: nothing that follows was read.
      if (request.failed && circumstances_.said_fatal) break;
      if (request.failed) {
        if (block_ == Block::kNone) next_group();
        continue;
      }
      if (circumstances_.stopped_before_commit) {
        take_stopped(request);
        break;
      }
      take(index, request);
    }
    next_group();
    add_the_rest();
    return std::move(groups_);
  }

 private:
  LostGroup& group() { return groups_.back(); }

  void next_group() {
    groups_.emplace_back();
    commit_is_uncertain_ = false;
  }

  void add(size_t index, size_t part) {
    if (commit_is_uncertain_) group().atomic = false;
    group().parts.push_back({.request = index, .part = part});
    next_request_ = index;
    next_part_ = part + 1;
  }

  // Nothing behind this place was run.
  void add_the_rest() {
    for (size_t index = next_request_; index < pending_.size(); ++index) {
      const RequestDetails* details = pending_.at(index).details.get();
      const size_t count = details == nullptr ? 0 : details->statements.size();
      for (size_t part = index == next_request_ ? next_part_ : 0; part < count; ++part) {
        if (details->statements[part].ticket != 0) group().parts.push_back({.request = index, .part = part});
      }
    }
  }

  // The oldest request, in which the server's backend was stopped.
  void take_stopped(const PendingRequest& request) {
    const RequestDetails* details = request.details.get();
    const bool is_read = details != nullptr && !details->ambiguous;
    if (is_read && request.parts_done < details->statements.size()) {
      const RequestedStatement& statement = details->statements[request.parts_done];
      if (statement.ticket != 0) add(0, request.parts_done);
      // These leave something behind even when they are stopped.
      if (runs_statements(request.type) && commits_immediately(*statement.facts)) group().may_have_committed = true;
      return;
    }
    if (block_ != Block::kNone && (is_read || !request.uncertain)) return;
    if (request.type == frontend::kQuery && is_read && !details->statements.empty()) {
      group().has_committed = true;  // its last answer comes behind the commit
    } else if (request.type == frontend::kSync ||
               (runs_statements(request.type) && (request.answered || request.uncertain))) {
      group().may_have_committed = true;
      add_all(0, request);
    }
  }

  void add_all(size_t index, const PendingRequest& request) {
    if (!request.details) return;
    group().atomic = false;
    for (size_t part = request.parts_done; part < request.details->statements.size(); ++part) {
      if (request.details->statements[part].ticket != 0) add(index, part);
    }
  }

  void take(size_t index, const PendingRequest& request) {
    const bool unread =
        runs_statements(request.type) && request.uncertain && (!request.details || request.details->ambiguous);
    Block block = block_;
    if (unread) {
      // What went by unread may hold a COMMIT.
      group().may_have_committed = true;
      add_all(index, request);
      commit_is_uncertain_ = true;
      block = Block::kEither;
    } else if (request.details && runs_statements(request.type)) {
      block = take_statements(index, request, block);
    }
    if (ends_batch(request.type)) end_batch(index, request, block);
    block_ = decides_block(request) ? block : either(block, block_);
    may_skip_ = is_extended(request.type) || (may_skip_ && request.type != frontend::kSync);
  }

  Block take_statements(size_t index, const PendingRequest& request, Block block) {
    const RequestDetails& details = *request.details;
    for (size_t part = request.parts_done; part < details.statements.size(); ++part) {
      const RequestedStatement& statement = details.statements[part];
      const parser::StatementFacts& facts = *statement.facts;
      if (statement.ticket != 0) add(index, part);
      if (commits_immediately(facts)) {
        group().may_have_committed = true;
        group().atomic = false;
      }
      block = take_control(facts, block);
    }
    return block;
  }

  Block take_control(const parser::StatementFacts& facts, Block block) {
    switch (facts.transaction) {
      case TransactionControl::kNone:
      case TransactionControl::kSavepoint:
      case TransactionControl::kRelease:
      case TransactionControl::kCommitPrepared:
      case TransactionControl::kRollbackPrepared:
        return block;
      case TransactionControl::kRollbackToSavepoint:
        group().atomic = false;
        return block;
      case TransactionControl::kBegin:
        return may_skip_ ? either(block, Block::kOpen) : Block::kOpen;
      case TransactionControl::kPrepareTransaction:
        group().gid = facts.transaction_name;
        group().may_have_committed = true;
        break;
      case TransactionControl::kCommit:
        group().may_have_committed = true;
        break;
      case TransactionControl::kRollback:
        break;
    }
    const Block behind = facts.chain ? Block::kOpen : Block::kNone;
    if (may_skip_) {
      commit_is_uncertain_ = true;  // an earlier error of the batch has it skipped
      return either(block, behind);
    }
    next_group();
    return behind;
  }

  void end_batch(size_t index, const PendingRequest& request, Block block) {
    if (block == Block::kOpen) return;
    const bool is_read = request.details && !request.details->ambiguous && !request.details->statements.empty();
    const bool all_answered = index == 0 && request.type == frontend::kQuery && is_read &&
                              request.parts_done >= request.details->statements.size();
    if (all_answered && block == Block::kNone) {
      group().has_committed = true;
    } else {
      group().may_have_committed = true;
    }
    if (block == Block::kNone && (block_ == Block::kNone || decides_block(request))) {
      next_group();
    } else {
      commit_is_uncertain_ = true;
    }
  }

  // Whether the block is as the request leaves it, even if the request fails.
  [[nodiscard]] bool decides_block(const PendingRequest& request) const {
    if (may_skip_ || request.type != frontend::kQuery || !request.details || request.details->ambiguous) return false;
    return request.details->statements.size() == 1 &&
           request.details->statements.front().facts->transaction != TransactionControl::kNone;
  }

  const PendingRequests& pending_;
  const LossCircumstances& circumstances_;
  Block block_;
  bool may_skip_ = false;             // an error of an unanswered extended message would have what follows skipped
  bool commit_is_uncertain_ = false;  // the group may have ended already, or not
  std::vector<LostGroup> groups_;
  size_t next_request_ = 0;  // behind the last statement that is in a group
  size_t next_part_ = 0;
};

}  // namespace

std::vector<LostGroup> reckon_loss(const PendingRequests& pending, const LossCircumstances& circumstances) {
  return Reckoning(pending, circumstances).run();
}

bool ends_backend_before_commit(std::string_view severity, std::string_view sqlstate) {
  static constexpr std::array<std::string_view, 4> kStates = {"57P01", "57P05", "25P03", "25P04"};
  return severity == "FATAL" && std::find(kStates.begin(), kStates.end(), sqlstate) != kStates.end();
}

}  // namespace schemaguard::proxy::postgres
