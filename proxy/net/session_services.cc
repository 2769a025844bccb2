// What a session asks of its surroundings, answered by its worker (see connection.h).
#include <openssl/rand.h>

#include <utility>

#include <spdlog/spdlog.h>

#include "absl/time/clock.h"
#include "proxy/net/connection.h"

namespace schemaguard::proxy::net {

const GuardView& Connection::view(std::string_view database) {
  Guard& guard = worker_.guard();
  if (view_generation_ == guard.generation() && view_database_ == database) return view_;
  const std::shared_ptr<const Snapshot> snapshot = guard.snapshot();
  // A server that a reload took out of the configuration keeps its last policy for the sessions that it still has.
  const ServerRuntime* current = snapshot->find_server(server_->server->name);
  if (current != nullptr || view_generation_ == 0) {
    view_ = snapshot->view(current != nullptr ? *current->server : *server_->server, database);
  }
  view_generation_ = snapshot->generation;
  view_database_ = database;
  return view_;
}

absl::Time Connection::now() { return absl::Now(); }

std::shared_ptr<const parser::TextFacts> Connection::cached_facts(std::string_view text,
                                                                  parser::postgres::Reading reading) {
  auto facts = worker_.facts_cache().find(text, reading);
  worker_.own_counters().add(facts != nullptr ? "facts_cache_hits" : "facts_cache_misses");
  return facts;
}

void Connection::start_parse(ParseJob job) {
  worker_.own_counters().add("parse_jobs");
  worker_.guard().parse_pool().submit(
      std::move(job.text), job.reading,
      [&worker = worker_, number = number_, reading = job.reading, id = job.id](
          std::string text, std::shared_ptr<const parser::TextFacts> facts) {
        worker.loop().post([&worker, number, reading, id, text = std::move(text), facts = std::move(facts)]() mutable {
          // "Busy" is no fact about the text.
          const auto* cached = std::get_if<parser::postgres::Reading>(&reading);
          if (cached != nullptr && !facts->unread) worker.facts_cache().put(std::move(text), *cached, facts);
          Connection* connection = worker.find(number);
          if (connection == nullptr || !connection->in_session()) return;
          connection->session_->on_parsed(id, std::move(facts));
          connection->after_session();
          if (connection->phase_ != Phase::kClosed) connection->update_interest();
        });
      });
}

uint64_t Connection::next_ticket() { return worker_.guard().next_ticket(); }

void Connection::audit(policies::AuditRecord record, bool wait) {
  AuditLog* log = worker_.guard().audit_log();
  const uint64_t ticket = record.ticket;
  const auto answer = [&worker = worker_, number = number_, ticket](bool ok) {
    worker.post_to(number, [ticket, ok](Connection& connection) {
      if (!connection.in_session()) return;
      connection.session_->on_audit_written(ticket, ok);
      connection.after_session();
      if (connection.phase_ != Phase::kClosed) connection.update_interest();
    });
  };
  if (log == nullptr) {
    if (wait) answer(true);
    return;
  }
  worker_.own_counters().add("audit_records");
  worker_.guard().recent_changes().note(record);
  log->append(std::move(record), wait ? AuditLog::Written(answer) : AuditLog::Written());
}

void Connection::random_bytes(std::span<std::byte> out) {
  // Fails only when the system has no entropy at all; then no secret may be made up.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) std::abort();
}

void Connection::register_cancel_key(const CancelKey& key) {
  cancel_key_ = key;
  cancel_key_is_new_ = true;  // published once the session knows the server's key too, before the client sees its own
}

void Connection::unregister_cancel_key(const CancelKey& key) {
  if (!cancel_key_) return;
  if (!cancel_key_is_new_) worker_.guard().cancels().remove(key);
  cancel_key_.reset();
  cancel_key_is_new_ = false;
}

uint64_t Connection::next_reference() { return worker_.guard().next_reference(server_->server->name); }

void Connection::stash_prepared_transaction(std::string_view database, std::string_view gid,
                                            std::vector<policies::LostStatement> statements) {
  worker_.guard().prepared_transactions().stash({server_->server->name, std::string(database), std::string(gid)},
                                                std::move(statements));
}

std::optional<std::vector<policies::LostStatement>> Connection::take_prepared_transaction(std::string_view database,
                                                                                          std::string_view gid) {
  return worker_.guard().prepared_transactions().take({server_->server->name, std::string(database), std::string(gid)});
}

void Connection::settle_later(policies::LostTransaction lost) {
  OutcomeSettler* settler = worker_.guard().settler();
  if (settler != nullptr) settler->submit(server_, std::move(lost));
}

bool Connection::reserve_held_bytes(size_t bytes) { return worker_.guard().reserve_held_bytes(bytes); }

void Connection::release_held_bytes(size_t bytes) { worker_.guard().release_held_bytes(bytes); }

bool Connection::is_first_use(std::string_view database, std::string_view user, std::string_view routine) {
  return worker_.routines_seen().is_first_use({server_->server->name, database, user, routine});
}

void Connection::met_standby() {
  worker_.guard().primary_watch().note_standby(*server_->server, upstream_address_->display,
                                               std::chrono::steady_clock::now());
}

void Connection::warn(std::string_view line) {
  worker_.own_counters().add("statements_warned");
  spdlog::warn("server {}: {}", server_->server->name, line);
}

void Connection::count(std::string_view counter) { worker_.own_counters().add(counter); }

}  // namespace schemaguard::proxy::net
