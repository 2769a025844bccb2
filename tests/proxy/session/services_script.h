// What the scripts of both protocols share: the surroundings of a session under test, and how its output is shown.
//
// Facts, policy and redaction are the real ones; ScriptServices only stands in for the clock, the audit file and the
// other sessions. What it was told stays in its public members for a script to look at.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/rules/policy.h"
#include "proxy/session/session_services.h"
#include "proxy/session/wire_session.h"

namespace schemaguard::proxy {

// What the session under test asks of its surroundings.
class ScriptServices : public SessionServices {
 public:
  ScriptServices();
  const GuardView& view(std::string_view database) override;
  absl::Time now() override { return absl::FromUnixSeconds(1'700'000'000); }
  std::shared_ptr<const parser::TextFacts> cached_facts(std::string_view text,
                                                        parser::postgres::Reading reading) override;
  void start_parse(ParseJob job) override { jobs.push_back(std::move(job)); }
  uint64_t next_ticket() override { return ++tickets; }
  void audit(policies::AuditRecord record, bool wait) override;
  void random_bytes(std::span<std::byte> out) override;
  void register_cancel_key(const CancelKey& key) override { keys.push_back(key); }
  void unregister_cancel_key(const CancelKey&) override { ++unregistered_keys; }
  uint64_t next_reference() override { return ++references; }
  bool reserve_held_bytes(size_t bytes) override;
  void release_held_bytes(size_t bytes) override { held_bytes -= bytes; }
  void stash_prepared_transaction(std::string_view, std::string_view gid,
                                  std::vector<policies::LostStatement> stashed) override;
  std::optional<std::vector<policies::LostStatement>> take_prepared_transaction(std::string_view,
                                                                                std::string_view gid) override;
  void settle_later(policies::LostTransaction transaction) override { lost.push_back(std::move(transaction)); }
  bool is_first_use(std::string_view, std::string_view user, std::string_view routine) override {
    return routines.emplace(std::string(user) + " " + std::string(routine)).second;
  }
  void met_standby() override { ++standbys; }
  void warn(std::string_view line) override { warnings.emplace_back(line); }
  void count(std::string_view counter) override { counters.emplace_back(counter); }

  GuardView guard_view;
  std::map<std::string, GuardView, std::less<>> database_views;  // what differs from guard_view
  std::vector<ParseJob> jobs;
  std::vector<policies::AuditRecord> records;
  std::vector<uint64_t> awaited;
  std::vector<CancelKey> keys;
  std::vector<std::string> counters;
  std::vector<std::string> warnings;
  std::set<std::string> routines;
  std::vector<std::pair<std::string, std::vector<policies::LostStatement>>> prepared;
  std::vector<policies::LostTransaction> lost;
  size_t standbys = 0;
  size_t unregistered_keys = 0;
  size_t held_bytes = 0;
  size_t held_bytes_max = 1UL << 30;
  uint64_t tickets = 0;
  uint64_t references = 0;
  bool audit_works = true;
  bool knows_every_text = false;  // no text needs a parse job

 private:
  GuardView latest_view_;  // one for all databases, as the driver has it
};

// The oldest parse job is done.
void answer_parse_job(WireSession& session, ScriptServices& services);
// The oldest record that somebody waits for is on disk, or is not.
void answer_audit(WireSession& session, ScriptServices& services, bool ok = true);

// Every outcome in the audit so far, in order.
std::vector<policies::Outcome> outcomes_of(const ScriptServices& services);

// A rule on one class, before the built-in ones.
policies::Rule rule_on_class(std::string name, std::string class_name, policies::Action action);

// What the session has to write, as one string.
std::string join(const Pieces& pieces);
// Bytes for a failure message.
std::string printable(std::string_view bytes);

}  // namespace schemaguard::proxy
