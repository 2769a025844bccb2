#include "proxy/mysql/tracked_state.h"

#include <algorithm>

#include <fmt/format.h>

#include "parser/words.h"

namespace schemaguard::proxy::mysql {

using parser::Change;
using parser::ObjectKind;
using parser::OpaqueReason;
using parser::Persistence;
using parser::StatementFacts;

namespace {

// Its parts may run, or not, or later: blocks have conditions and handlers, events wait for their time.
bool runs_conditionally(const StatementFacts& facts) {
  return facts.command == "BEGIN NOT ATOMIC" || facts.command == "COMPOUND STATEMENT" ||
         facts.command.ends_with(" EVENT");
}

bool calls(const StatementFacts& facts, std::string_view function) {
  return std::find(facts.functions.begin(), facts.functions.end(), function) != facts.functions.end();
}

}  // namespace

std::string TrackedState::comparable(std::string name) const {
  if (name_case == policies::NameCase::kFolded) return parser::to_lower(name);
  return name;
}

std::string TrackedState::qualified(const parser::ObjectName& name) const {
  return comparable(fmt::format("{}.{}", name.schema.empty() ? database_ : name.schema, name.name));
}

void TrackedState::rename(const Change& change) {
  const std::string before = qualified(change.object.name);
  const auto known = std::find(temporary_.begin(), temporary_.end(), before);
  if (known == temporary_.end()) return;
  // The new name may carry a database of its own, and is then written as one. Without it the table goes into the
  // default database, wherever it was (asked of MariaDB 10.11).
  const bool qualified_already = change.new_name.find('.') != std::string::npos;
  *known = comparable(qualified_already ? change.new_name : fmt::format("{}.{}", database_, change.new_name));
}

void TrackedState::apply_change(const Change& change) {
  if (change.object.kind != ObjectKind::kTable && change.object.kind != ObjectKind::kSequence) return;
  if (change.object.persistence == Persistence::kPersistent) return;
  const std::string name = qualified(change.object.name);
  if (change.kind.starts_with("create_")) {
    if (change.object.persistence != Persistence::kTemporary) return;
    if (std::find(temporary_.begin(), temporary_.end(), name) == temporary_.end()) temporary_.push_back(name);
  } else if (change.kind.starts_with("drop_table") || change.kind.starts_with("drop_sequence")) {
    std::erase(temporary_, name);
  } else if (change.kind.starts_with("rename_table")) {
    rename(change);
  }
}

void TrackedState::apply(const StatementFacts& facts) {
  // What is only prepared stands in the facts of the PREPARE, and has not run.
  if (facts.prepared == parser::PreparedUse::kPrepare) return;
  for (const parser::SettingChange& setting : facts.settings) {
    if (setting.name == "database" && setting.value) database_ = *setting.value;
    if (setting.name == "role") role_ = setting.value.value_or("");
  }
  const std::vector<std::string> before = temporary_;
  for (const Change& change : facts.changes) {
    apply_change(change);
    // The default database of whoever drops it is none afterwards.
    if (change.kind == "drop_database" && comparable(change.object.name.name) == comparable(database_)) {
      database_.clear();
    }
  }
  if (runs_conditionally(facts) && temporary_ != before) {
    temporary_ = before;
    forget_temporary();
  }
  const bool ran_unseen = facts.opaque != OpaqueReason::kNone && facts.opaque != OpaqueReason::kUnprovedRoutine;
  if (ran_unseen || facts.classes.has(parser::StatementClass::kUnread)) forget_temporary();
  if (facts.command.starts_with("LOCK TABLE") || facts.command.starts_with("FLUSH TABLES WITH")) tables_locked_ = true;
  if (facts.command.starts_with("UNLOCK TABLE") || facts.transaction == parser::TransactionControl::kBegin) {
    tables_locked_ = false;
  }
  if (calls(facts, "get_lock")) named_locks_ = true;
  if (calls(facts, "release_lock") || calls(facts, "release_all_locks")) named_locks_ = false;
}

void TrackedState::reset() {
  temporary_.clear();
  temporary_certain_ = true;
  tables_locked_ = false;
  named_locks_ = false;
  role_.clear();
}

policies::SessionNames TrackedState::names() const {
  policies::SessionNames names = policies::mysql_session_names(database_, name_case);
  names.temporary = temporary_;
  names.temporary_certain = temporary_certain_;
  return names;
}

}  // namespace schemaguard::proxy::mysql
