// TrackedState: what a session's names and settings mean right now, as far as the server has confirmed it or, in the
// in-flight copy, as far as forwarded statements will have changed it (design section 8).
//
// A value: the session holds two of them. Settings and temporary objects are transactional, so the state keeps a
// stack of snapshots (transaction start, savepoints) that share their contents. It never guesses: where a statement
// may or may not have had an effect, certainty is dropped and the strictest reading holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/rules/policy.h"

namespace schemaguard::proxy::postgres {

class TrackedState {
 public:
  // Settings given in the startup packet; they are what RESET goes back to.
  void set_startup_setting(std::string_view name, std::string_view value);
  // PostgreSQL 18 reports search_path: then it is certain.
  void report_search_path(std::string_view value);

  // The effects of one statement that ran without error (confirmed) or was forwarded (in flight).
  void apply(const parser::StatementFacts& facts, std::string_view statement_text);
  // An opaque statement is unanswered: names and settings are unknown until it is.
  void forget_certainty();
  // ReadyForQuery with status 'I': whatever transaction was open has ended.
  void on_idle(bool failed);

  // For judging; `user` expands "$user".
  [[nodiscard]] policies::SessionNames names(std::string_view user) const;
  [[nodiscard]] const std::string& role() const;
  [[nodiscard]] bool role_certain() const;
  // True while nothing was ever set: then names() is the same for every layer and need not be asked twice.
  [[nodiscard]] bool same_as(const TrackedState& other) const { return values_ == other.values_; }

 private:
  struct TemporaryObject {
    std::string name;
    std::string owner;  // the temporary table an index belongs to
    bool dropped_on_commit = false;
  };
  struct Values {
    std::vector<TemporaryObject> temporary;
    bool temporary_certain = true;
    std::optional<std::vector<std::string>> search_path, search_path_local, search_path_startup;
    bool search_path_certain = false;
    std::string role, role_startup;
    std::optional<std::string> role_local;
    bool role_certain = true;
  };
  struct Snapshot {
    std::string savepoint;  // "" for the start of the transaction
    std::shared_ptr<const Values> values;
  };

  Values copy() const { return values_ ? *values_ : Values{}; }
  void store(Values values) { values_ = std::make_shared<const Values>(std::move(values)); }
  void start_transaction();
  void commit();
  void rollback();
  void apply_transaction(const parser::StatementFacts& facts);
  void apply_setting(Values& values, const parser::SettingChange& setting);
  void apply_change(Values& values, const parser::Change& change, std::string_view statement_text);

  std::shared_ptr<const Values> values_;  // null: defaults
  std::vector<Snapshot> snapshots_;       // empty: no transaction seen
};

}  // namespace schemaguard::proxy::postgres
