#include "proxy/guard/guard.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "parser/words.h"
#include "proxy/audit/prepared_tail.h"

namespace schemaguard::proxy {
namespace {

std::string text_of(const boost::json::object& object) { return boost::json::serialize(object); }

boost::json::string json_text(std::string_view text) { return boost::json::string(text.data(), text.size()); }

}  // namespace

absl::StatusOr<std::unique_ptr<Guard>> Guard::create(std::shared_ptr<const Config> config) {
  auto servers = build_servers(config);
  if (!servers.ok()) return servers.status();
  std::unique_ptr<Guard> guard(new Guard());
  if (!config->audit.file.empty()) {
    AuditLogOptions options;
    options.file = config->audit.file;
    options.block_on_failure = config->audit.block_on_failure;
    auto log = AuditLog::open(std::move(options));
    if (!log.ok()) return log.status();
    guard->audit_log_ = *std::move(log);
    for (auto& [place, numbers] : read_prepared_tail(config->audit.file)) {
      PreparedTransactions::Statements statements;
      for (const uint64_t number : numbers) statements.push_back({.ticket = 0, .seq = number});
      guard->prepared_transactions_.stash(place, std::move(statements));
    }
    guard->settler_ =
        std::make_unique<OutcomeSettler>(*guard->audit_log_, guard->recent_changes_, guard->prepared_transactions_);
  }
  ParsePool::Options options;
  options.threads = config->parse_threads;
  options.queued_jobs_max = config->limits.sessions_max;
  options.queued_bytes_max = config->limits.held_bytes_max;
  options.limits.statement_bytes_max = config->limits.parse_bytes_max;
  options.limits.statements_max = config->limits.statements_max;
  auto pool = ParsePool::start(options);
  if (!pool.ok()) return pool.status();
  guard->parse_pool_ = *std::move(pool);
  auto first = std::make_shared<Snapshot>();
  first->config = std::move(config);
  first->servers = *std::move(servers);
  guard->primary_watch_.watch(first->config);
  guard->swap(std::move(first));
  return guard;
}

void Guard::finish() {
  parse_pool_.reset();
  settler_.reset();
  if (audit_log_ != nullptr) audit_log_->flush();
  audit_log_.reset();
}

std::shared_ptr<const Snapshot> Guard::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Guard::swap(std::shared_ptr<Snapshot> next) {
  held_bytes_max_.store(next->config->limits.held_bytes_max, std::memory_order_relaxed);
  sessions_max_.store(next->config->limits.sessions_max, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  next->generation = generation_.load(std::memory_order_relaxed) + 1;
  const uint64_t generation = next->generation;
  snapshot_ = std::move(next);
  generation_.store(generation, std::memory_order_release);
}

absl::Status Guard::try_reload() {
  const std::shared_ptr<const Snapshot> current = snapshot();
  if (current->config->file.empty()) {
    return absl::FailedPreconditionError("the guard was started without --config: there is no file to read again");
  }
  auto config = load_config(current->config->file);
  if (!config.ok()) return config.status();
  auto servers = build_servers(*config);
  if (!servers.ok()) return servers.status();
  auto next = std::make_shared<Snapshot>();
  next->config = *std::move(config);
  next->servers = *std::move(servers);
  // A mode set by hand outlives a reload, as long as its server is still there.
  for (const ModeOverride& kept : current->overrides) {
    if (next->find_server(kept.server) != nullptr) next->overrides.push_back(kept);
  }
  if (next->config->audit.file != current->config->audit.file) {
    return absl::FailedPreconditionError("audit.file cannot be changed by a reload: restart the guard");
  }
  if (prepare_) {
    if (absl::Status status = prepare_(*next); !status.ok()) return status;
  }
  if (next->config->workers != current->config->workers ||
      next->config->parse_threads != current->config->parse_threads) {
    spdlog::warn("reload: the number of workers and parse threads changes with the next start only");
  }
  swap(std::move(next));
  return absl::OkStatus();
}

void Guard::set_reloaded(Reloaded reloaded) {
  const std::lock_guard change(change_mutex_);
  reloaded_ = std::move(reloaded);
}

absl::Status Guard::reload(std::string_view by) {
  const std::lock_guard change(change_mutex_);
  // Log rotation has renamed the file before it asks for this; a bad configuration must not keep it waiting.
  if (audit_log_ != nullptr) audit_log_->reopen();
  absl::Status status = try_reload();
  {
    const std::lock_guard lock(mutex_);
    reload_error_ = status.ok() ? "" : std::string(status.message());
  }
  if (!status.ok()) {
    spdlog::error("reload asked for by {} changed nothing: {}", by, std::string(status.message()));
    return status;
  }
  spdlog::info("configuration read again, asked for by {}", by);
  const std::shared_ptr<const Snapshot> now = snapshot();
  primary_watch_.watch(now->config);
  if (reloaded_) reloaded_(now->config);
  for (const auto& runtime : now->servers) {
    for (const ServerConfig::Database& database : runtime->server->databases) {
      boost::json::object detail;
      detail["change"] = "reload";
      detail["by"] = json_text(by);
      detail["mode"] = json_text(policies::mode_name(database.mode));
      if (database.policy != nullptr) detail["policy"] = json_text(database.policy->version());
      audit_policy_event(runtime->server->name, database.name, text_of(detail));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<policies::Mode> Guard::set_mode(const ModeRequest& request) {
  const std::lock_guard change(change_mutex_);
  const std::shared_ptr<const Snapshot> current = snapshot();
  const ServerRuntime* runtime = current->find_server(request.server);
  if (runtime == nullptr) {
    std::string names;
    for (const auto& known : current->servers) absl::StrAppend(&names, names.empty() ? "" : ", ", known->server->name);
    return absl::NotFoundError(absl::StrCat("no server is named \"", request.server, "\"; known: ", names));
  }
  if (request.reason.empty()) return absl::InvalidArgumentError("a reason is needed: it stands in the audit");
  const policies::Mode before = current->view(*runtime->server, request.database).mode;
  auto next = std::make_shared<Snapshot>(*current);
  std::erase_if(next->overrides, [&request, runtime](const ModeOverride& old) {
    const bool same = runtime->server->is_mysql() ? parser::equals_ignoring_case(old.database, request.database)
                                                  : old.database == request.database;
    return old.server == request.server && (same || request.database == "*");
  });
  ModeOverride added{.server = request.server,
                     .database = request.database,
                     .mode = request.mode,
                     .until = std::nullopt,
                     .reason = request.reason};
  if (request.duration) added.until = std::chrono::steady_clock::now() + *request.duration;
  next->overrides.push_back(added);
  swap(std::move(next));
  boost::json::object detail;
  detail["change"] = "mode";
  detail["from"] = json_text(policies::mode_name(before));
  detail["to"] = json_text(policies::mode_name(request.mode));
  if (request.duration) {
    detail["for_seconds"] = request.duration->count();
    detail["until"] = json_text(absl::FormatTime(absl::Now() + absl::Seconds(request.duration->count())));
  }
  detail["reason"] = json_text(request.reason);
  detail["by"] = json_text(request.by);
  audit_policy_event(request.server, request.database, text_of(detail));
  spdlog::warn("mode of {}/{} is now {} (was {}){}: {}", request.server, request.database,
               policies::mode_name(request.mode), policies::mode_name(before),
               request.duration ? absl::StrCat(" for ", request.duration->count(), " s") : std::string(),
               request.reason);
  return before;
}

void Guard::expire_modes(std::chrono::steady_clock::time_point now) {
  const std::lock_guard change(change_mutex_);
  const std::shared_ptr<const Snapshot> current = snapshot();
  const auto over = [now](const ModeOverride& candidate) { return candidate.until && *candidate.until <= now; };
  if (std::none_of(current->overrides.begin(), current->overrides.end(), over)) return;
  auto next = std::make_shared<Snapshot>(*current);
  std::erase_if(next->overrides, over);
  swap(std::move(next));
  const std::shared_ptr<const Snapshot> after = snapshot();
  for (const ModeOverride& ended : current->overrides) {
    if (!over(ended)) continue;
    const ServerRuntime* runtime = after->find_server(ended.server);
    const policies::Mode mode = after->view(*runtime->server, ended.database).mode;
    boost::json::object detail;
    detail["change"] = "mode";
    detail["from"] = json_text(policies::mode_name(ended.mode));
    detail["to"] = json_text(policies::mode_name(mode));
    detail["reason"] = json_text(absl::StrCat("the time set for it is over: ", ended.reason));
    detail["by"] = "schemaguard";
    audit_policy_event(ended.server, ended.database, text_of(detail));
    spdlog::warn("mode of {}/{} is {} again", ended.server, ended.database, policies::mode_name(mode));
  }
}

void Guard::audit_policy_event(const std::string& server, const std::string& database, std::string detail) {
  if (audit_log_ == nullptr) return;
  auto session = std::make_shared<policies::AuditSession>();
  session->server = server;
  session->database = database;
  session->engine = "postgresql";
  policies::AuditRecord record;
  record.event = policies::AuditEvent::kPolicy;
  record.session = std::move(session);
  record.ticket = next_ticket();
  record.ts = absl::Now();
  record.detail = std::move(detail);
  audit_log_->append(std::move(record), nullptr);
}

bool Guard::reserve_held_bytes(size_t bytes) {
  const size_t before = held_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= held_bytes_max_.load(std::memory_order_relaxed)) return true;
  release_held_bytes(bytes);
  return false;
}

uint64_t Guard::next_reference(const std::string& server) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = references_.try_emplace(server, 0);
  if (is_new && audit_log_ != nullptr) place->second = audit_log_->head_seq();
  return ++place->second;
}

uint64_t Guard::next_ticket() {
  if (audit_log_ != nullptr) return audit_log_->next_ticket();
  return tickets_.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool Guard::admit_session() {
  const size_t before = sessions_.fetch_add(1, std::memory_order_relaxed);
  if (before < sessions_max_.load(std::memory_order_relaxed)) return true;
  end_session();
  return false;
}

std::string Guard::reload_error() const {
  const std::lock_guard lock(mutex_);
  return reload_error_;
}

void Guard::set_probe_warnings(std::vector<std::string> warnings) {
  const std::lock_guard lock(mutex_);
  probe_warnings_ = std::move(warnings);
}

std::vector<std::string> Guard::probe_warnings() const {
  const std::lock_guard lock(mutex_);
  return probe_warnings_;
}

}  // namespace schemaguard::proxy
