#include "proxy/guard/outcome_settler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "policies/json/json_text.h"
#include "policies/rules/concatenate.h"
#include "proxy/introspect/catalog_look.h"

namespace schemaguard::proxy {

namespace {

using policies::LostStatement;
using policies::LostTransaction;
using policies::Outcome;

// A backend whose client has gone is usually gone itself a moment later.
constexpr std::chrono::milliseconds kFirstDistance{50};
constexpr std::chrono::milliseconds kLongestDistance{10'000};

std::vector<uint64_t> tickets_of(const LostTransaction& lost) {
  std::vector<uint64_t> tickets;
  for (const LostStatement& statement : lost.statements) {
    if (statement.ticket != 0) tickets.push_back(statement.ticket);
  }
  return tickets;
}

PreparedTransactions::Place place_of(const LostTransaction& lost) {
  return {lost.session->server, lost.session->database, lost.gid};
}

}  // namespace

OutcomeSettler::~OutcomeSettler() {
  stop_.raise();
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      spdlog::warn("{} transactions keep the outcome unknown: the guard ends before the catalog could be asked",
                   waiting_.size());
    }
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OutcomeSettler::submit(std::shared_ptr<const ServerRuntime> server, LostTransaction lost) {
  if (!server->server->guard_login || lost.session == nullptr) return;
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + in_hand_ >= kTransactionsMax || stop_.is_raised()) return;
  const Clock::time_point deadline = now + server->config->timeouts.settle;
  waiting_.push_back({.server = std::move(server),
                      .lost = std::move(lost),
                      .deadline = deadline,
                      .next_attempt = now,
                      .distance = kFirstDistance,
                      .first_look = {},
                      .cause = {}});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

size_t OutcomeSettler::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + in_hand_;
}

void OutcomeSettler::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.is_raised()) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = std::min_element(waiting_.begin(), waiting_.end(), [](const Waiting& left, const Waiting& right) {
      return left.next_attempt < right.next_attempt;
    });
    if (next->next_attempt > Clock::now()) {
      changed_.wait_until(lock, next->next_attempt);
      continue;
    }
    Waiting waiting = std::move(*next);
    waiting_.erase(next);
    in_hand_ = 1;
    lock.unlock();
    const Attempt result = attempt(waiting);
    const Clock::time_point now = Clock::now();
    const bool over = result == Attempt::kAgain && now >= waiting.deadline;
    if (over) give_up(waiting);
    lock.lock();
    in_hand_ = 0;
    if (result == Attempt::kDone || over) continue;
    waiting.next_attempt = std::min(now + waiting.distance, waiting.deadline);
    waiting.distance = std::min<Clock::duration>(waiting.distance * 2, kLongestDistance);
    waiting_.push_back(std::move(waiting));
  }
}

OutcomeSettler::Attempt OutcomeSettler::attempt(Waiting& waiting) {
  absl::StatusOr<Attempt> result = Attempt::kAgain;
  if (waiting.server->server->is_mysql()) {
    result = attempt_mysql(waiting);
  } else {
    auto connection = reach_primary(waiting);
    result = connection.ok() ? look(*connection, waiting) : absl::StatusOr<Attempt>(connection.status());
  }
  if (result.ok()) return *result;
  waiting.cause = std::string(result.status().message());
  return Attempt::kAgain;
}

absl::StatusOr<introspect::SideConnection> OutcomeSettler::reach_primary(const Waiting& waiting) const {
  const ServerConfig& server = *waiting.server->server;
  std::string causes;
  for (const Endpoint& address : server.upstream.addresses) {
    auto connection = introspect::SideConnection::open(
        server, {.address = address, .database = waiting.lost.session->database, .application = "schemaguard outcomes"},
        waiting.server->config->timeouts.connect, &stop_);
    const absl::StatusOr<bool> standby =
        connection.ok() ? introspect::is_standby(*connection) : absl::StatusOr<bool>(connection.status());
    if (standby.ok() && !*standby) return connection;
    absl::StrAppend(&causes, causes.empty() ? "" : "; ", address.display(), ": ",
                    standby.ok() ? std::string("this is a standby") : std::string(standby.status().message()));
  }
  return absl::UnavailableError(causes);
}

absl::StatusOr<OutcomeSettler::Attempt> OutcomeSettler::look(introspect::SideConnection& connection, Waiting& waiting) {
  LostTransaction& lost = waiting.lost;
  const auto there = introspect::backend_is_there(connection, lost, waiting.first_look);
  if (!there.ok()) return there.status();
  if (*there) {
    waiting.cause = absl::StrCat("backend ", lost.process_id, " is still there");
    return Attempt::kAgain;
  }
  if (!lost.gid.empty()) {
    const auto prepared = introspect::transaction_is_prepared(connection, lost);
    if (!prepared.ok()) return prepared.status();
    if (*prepared) {
      // Whoever ends it settles it.
      if (lost.ends_prepared) return Attempt::kDone;
      for (const LostStatement& statement : lost.statements) {
        write(waiting, statement, Outcome::kPrepared, "settled_by_catalog", "gid", lost.gid);
      }
      prepared_.stash(place_of(lost), std::move(lost.statements));
      return Attempt::kDone;
    }
  }
  if (lost.ends_prepared) {
    auto statements = prepared_.take(place_of(lost));
    if (!statements || statements->empty()) return Attempt::kDone;
    lost.statements = *std::move(statements);
    lost.ends_prepared = false;  // they are this transaction's own from now on
  }
  const std::vector<uint64_t> tickets = tickets_of(lost);
  const auto elsewhere = tickets.empty() ? std::nullopt : changes_.beside(*lost.session, tickets);
  if (!elsewhere) {
    waiting.cause = "more was changed since than is remembered";
    give_up(waiting);
    return Attempt::kDone;
  }
  // What was recorded while the catalog was asked counts as well.
  const std::vector<policies::CatalogQuestion> questions = policies::settlement_questions(lost, *elsewhere);
  const auto answers = introspect::ask_catalog(connection, lost, questions);
  if (!answers.ok()) return answers.status();
  const auto now_elsewhere = changes_.beside(*lost.session, tickets);
  policies::CatalogAnswers counted = *answers;
  for (size_t index = 0; index < questions.size(); ++index) {
    const bool moved =
        !now_elsewhere || std::any_of(now_elsewhere->begin(), now_elsewhere->end(),
                                      [&](const auto& facts) { return policies::touches(*facts, questions[index]); });
    if (moved) counted.answers[index] = policies::CatalogAnswer::kUndecided;
  }
  for (const policies::SettledStatement& settled : policies::settle(lost, questions, counted)) {
    const bool known = settled.outcome != Outcome::kUnknown;
    write(waiting, lost.statements[settled.statement], settled.outcome, known ? "settled_by_catalog" : "not_settled",
          known ? "evidence" : "cause", settled.evidence);
  }
  return Attempt::kDone;
}

void OutcomeSettler::write(const Waiting& waiting, const LostStatement& statement, Outcome outcome,
                           std::string_view reason, std::string_view member, std::string_view text) {
  policies::AuditRecord record;
  record.event = policies::AuditEvent::kOutcome;
  record.session = waiting.lost.session;
  record.of_ticket = statement.ticket;
  record.of_seq = statement.seq;
  record.ts = absl::Now();
  record.outcome = outcome;
  record.reason = std::string(reason);
  record.detail = policies::concatenate({"{\"", member, "\":"});
  policies::append_json_string(record.detail, text);
  record.detail += "}";
  changes_.note(record);
  log_.append(std::move(record), nullptr);
}

void OutcomeSettler::give_up(const Waiting& waiting) {
  for (const LostStatement& statement : waiting.lost.statements) {
    write(waiting, statement, Outcome::kUnknown, "not_settled", "cause", waiting.cause);
  }
}

}  // namespace schemaguard::proxy
