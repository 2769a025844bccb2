// What OutcomeSettler does for MySQL and MariaDB (outcome_settler.h).
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proxy/guard/outcome_settler.h"
#include "proxy/introspect/mysql_catalog_look.h"

namespace schemaguard::proxy {

namespace {

using policies::MysqlAnswer;
using policies::MysqlQuestion;
using policies::Outcome;

// What was changed so shortly before the statement bears the same date as what the statement itself has done.
constexpr absl::Duration kSameDate = absl::Seconds(3);

std::vector<uint64_t> tickets_of(const policies::LostTransaction& lost) {
  std::vector<uint64_t> tickets;
  for (const policies::LostStatement& statement : lost.statements) tickets.push_back(statement.ticket);
  return tickets;
}

bool any_touches(const RecentChanges::Facts& changes, const MysqlQuestion& question) {
  return std::any_of(changes.begin(), changes.end(),
                     [&](const auto& facts) { return policies::touches_in_mysql(*facts, question); });
}

}  // namespace

absl::StatusOr<OutcomeSettler::Attempt> OutcomeSettler::attempt_mysql(Waiting& waiting) {
  bool own_server = false;
  auto connection = reach_writable(waiting, own_server);
  if (!connection.ok()) return connection.status();
  if (waiting.questions.empty()) waiting.questions = policies::mysql_settlement_questions(waiting.lost);
  const auto missing = introspect::missing_grants(*connection, waiting.questions);
  if (!missing.ok()) return missing.status();
  if (!missing->empty()) {
    waiting.cause = *missing;
    give_up(waiting);
    return Attempt::kDone;
  }
  const absl::Duration elapsed = absl::Now() - waiting.lost.sent;
  // Connections are numbered by each server for itself; whoever runs on one that cannot be reached changes nothing
  // here.
  const auto there =
      own_server ? introspect::connection_is_there(*connection, waiting.lost, elapsed) : absl::StatusOr<bool>(false);
  if (!there.ok()) return there.status();
  if (!*there) return look_mysql(*connection, waiting);
  waiting.cause = absl::StrCat("connection ", waiting.lost.process_id, " is still there");
  if (!waiting.seen_before.empty()) return Attempt::kAgain;
  const auto sights = introspect::ask_mysql_catalog(*connection, waiting.questions, elapsed);
  if (!sights.ok()) return sights.status();
  for (const introspect::MysqlSight& sight : *sights) waiting.seen_before.push_back(sight.there);
  return Attempt::kAgain;
}

absl::StatusOr<introspect::MysqlSideConnection> OutcomeSettler::reach_writable(const Waiting& waiting,
                                                                               bool& own_server) const {
  const ServerConfig& server = *waiting.server->server;
  const auto is_own = [&](const Endpoint& address) { return address.display() == waiting.lost.address; };
  std::vector<Endpoint> addresses = server.upstream.addresses;
  std::stable_partition(addresses.begin(), addresses.end(), is_own);
  std::string causes;
  for (const Endpoint& address : addresses) {
    auto connection =
        introspect::MysqlSideConnection::open(server, address, waiting.server->config->timeouts.connect, &stop_);
    const absl::StatusOr<bool> read_only =
        connection.ok() ? introspect::is_read_only(*connection) : absl::StatusOr<bool>(connection.status());
    own_server = is_own(address);
    if (read_only.ok() && !*read_only) return connection;
    absl::StrAppend(
        &causes, causes.empty() ? "" : "; ", address.display(), ": ",
        read_only.ok() ? std::string("this server is read-only") : std::string(read_only.status().message()));
  }
  return absl::UnavailableError(causes);
}

absl::StatusOr<OutcomeSettler::Attempt> OutcomeSettler::look_mysql(introspect::MysqlSideConnection& connection,
                                                                   Waiting& waiting) {
  const auto sights = introspect::ask_mysql_catalog(connection, waiting.questions, absl::Now() - waiting.lost.sent);
  if (!sights.ok()) return sights.status();
  std::vector<MysqlAnswer> answers(sights->size());
  for (size_t index = 0; index < answers.size(); ++index) {
    if (!waiting.seen_before.empty()) answers[index].before = waiting.seen_before[index];
    answers[index].now = (*sights)[index].there;
    answers[index].dated_since = (*sights)[index].dated_since;
  }
  if (!weigh(waiting, answers)) {
    waiting.cause = "more was changed since than is remembered";
    give_up(waiting);
    return Attempt::kDone;
  }
  for (const policies::SettledStatement& settled : policies::settle_mysql(waiting.lost, waiting.questions, answers)) {
    const bool known = settled.outcome != Outcome::kUnknown;
    write(waiting, waiting.lost.statements[settled.statement], settled.outcome,
          known ? "settled_by_catalog" : "not_settled", known ? "evidence" : "cause", settled.evidence);
  }
  return Attempt::kDone;
}

bool OutcomeSettler::weigh(const Waiting& waiting, std::vector<MysqlAnswer>& answers) const {
  const std::vector<uint64_t> tickets = tickets_of(waiting.lost);
  const auto elsewhere = changes_.beside(*waiting.lost.session, tickets);
  const auto lately = changes_.beside(*waiting.lost.session, tickets, kSameDate);
  if (!elsewhere || !lately) return false;
  for (size_t index = 0; index < answers.size(); ++index) {
    const MysqlQuestion& question = waiting.questions[index];
    if (any_touches(*elsewhere, question)) answers[index] = {};
    // A member has the date of its table.
    if (any_touches(*lately, question)) answers[index].dated_since = false;
  }
  return true;
}

}  // namespace schemaguard::proxy
