// TrackedState: what a session's names and settings mean right now, as far as the server has confirmed it or, in the
// in-flight copy, as far as forwarded statements will have changed it (design section 8).
//
// A value: the session holds two of them. Settings and temporary objects are transactional, so the state keeps what
// they were at the start of the transaction and at each savepoint; copies share all of that. It never guesses: where a
// statement may or may not have had an effect, certainty is dropped and the strictest reading holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/rules/policy.h"
#include "policies/settlement/lost_transaction.h"

namespace schemaguard::proxy::postgres {

class TrackedState {
 public:
  // Settings given in the startup packet; they are what RESET goes back to.
  void set_startup_setting(std::string_view name, std::string_view value);
  // PostgreSQL 18 reports search_path: then it is certain.
  void report_search_path(std::string_view value);

  // The effects of one statement that ran without error (confirmed) or was forwarded (in flight).
  void apply(const parser::StatementFacts& facts, std::string_view statement_text);
  // The end of a transaction other than by its own COMMIT: a COMMIT that the server has answered with ROLLBACK.
  void apply_rollback(const parser::StatementFacts& facts);
  // Nothing is known any more: an opaque statement is unanswered, or a text went by that was not read.
  void forget_certainty();
  // Whether the open transaction has changed what names mean: its end may take that back.
  [[nodiscard]] bool transaction_changed_names() const;
  // ReadyForQuery with status 'I': whatever transaction was open has ended.
  void on_idle(bool failed);

  // For judging; `user` expands "$user".
  [[nodiscard]] policies::SessionNames names(std::string_view user) const;
  [[nodiscard]] const std::string& role() const;
  [[nodiscard]] bool role_certain() const;
  // What a later look at the catalog may resolve unqualified names with.
  [[nodiscard]] policies::PathKnowledge path_knowledge() const;
  // True while nothing was ever set: then names() is the same for every layer and need not be asked twice.
  [[nodiscard]] bool same_as(const TrackedState& other) const { return values_ == other.values_; }

 private:
  struct TemporaryObject {
    std::string name;
    std::string owner;  // the temporary table an index belongs to
    bool dropped_on_commit = false;
    bool may_go_with_others = false;  // dropping another object may drop this one, without CASCADE
    bool may_go_by_cascade = false;   // a view, a child: what is dropped at a commit takes it along
    bool may_be_another = false;      // IF NOT EXISTS may have met the index of a constraint, or the like, by this name
    bool may_be_gone = false;         // what was dropped may have taken it along: the name is trusted no more
  };
  // A search_path. Without `elements`, neither lost nor doubted: the server's default for this login, never set in
  // sight.
  struct NamePath {
    std::optional<std::vector<std::string>> elements;
    bool lost = false;     // set to something unknown: pg_temp may stand anywhere in it
    bool doubted = false;  // a routine may have set it for its caller
  };
  struct Role {
    std::string name;  // "" for the login
    bool known = true;
  };
  struct Values {
    std::vector<TemporaryObject> temporary;
    bool temporary_certain = true;
    bool hidden_names = false;  // temporary tables may have brought relations that are not in the list
    NamePath path, path_startup;
    std::optional<NamePath> path_local;  // SET LOCAL: holds until the transaction ends
    Role role, role_startup;
    std::optional<Role> role_local;
    [[nodiscard]] const NamePath& effective_path() const { return path_local ? *path_local : path; }
    [[nodiscard]] const Role& effective_role() const { return role_local ? *role_local : role; }
  };
  // An open savepoint on top of those that were set before it. Copies of a state share them: there may be very many.
  struct Savepoint {
    Savepoint(std::string_view its_name, std::shared_ptr<const Values> its_values, std::shared_ptr<Savepoint> others)
        : name(its_name), values(std::move(its_values)), below(std::move(others)) {}
    ~Savepoint();
    std::string name;
    std::shared_ptr<const Values> values;  // as they were when it was set
    std::shared_ptr<Savepoint> below;
  };

  Values copy() const { return values_ ? *values_ : Values{}; }
  void store(Values values) { values_ = std::make_shared<const Values>(std::move(values)); }
  void start_transaction();
  void end_transaction();
  void commit();
  void rollback();
  void apply_transaction(const parser::StatementFacts& facts);
  void apply_setting(Values& values, const parser::SettingChange& setting, bool certainly_runs);
  void apply_path(Values& values, const parser::SettingChange& setting, bool certainly_runs);
  void apply_role(Values& values, const parser::SettingChange& setting, bool certainly_runs);
  void apply_change(Values& values, const parser::Change& change, std::string_view statement_text);
  // Objects that fulfil the condition are not trusted any more.
  template <typename Condition>
  static void forget_temporary(Values& values, Condition condition);
  static void add_temporary(Values& values, const parser::Change& change, std::string owner,
                            std::string_view statement_text);

  std::shared_ptr<const Values> values_;  // null: defaults
  bool in_transaction_ = false;
  std::shared_ptr<const Values> values_before_;  // the transaction
  std::shared_ptr<Savepoint> savepoints_;        // the newest
};

}  // namespace schemaguard::proxy::postgres
