#include "proxy/postgres/tracked_state.h"

#include <algorithm>

namespace schemaguard::proxy::postgres {
namespace {

using parser::OpaqueReason;
using parser::Persistence;
using parser::SettingChange;
using parser::StatementClass;
using parser::TransactionControl;

// Elements of a search_path written as one string, "a, \"B\", $user". Quoted names keep their case.
std::vector<std::string> split_search_path(std::string_view text) {
  std::vector<std::string> elements;
  std::string current;
  bool quoted = false;
  bool any = false;
  const auto push = [&] {
    if (any) elements.push_back(current);
    current.clear();
    any = false;
  };
  for (const char c : text) {
    if (quoted) {
      if (c == '"') {
        quoted = false;
      } else {
        current.push_back(c);
      }
    } else if (c == '"') {
      quoted = true;
      any = true;
    } else if (c == ',') {
      push();
    } else if (c != ' ' && c != '\t' && c != '\n') {
      any = true;
      current.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  push();
  return elements;
}

bool is_dynamic(OpaqueReason reason) {
  switch (reason) {
    case OpaqueReason::kRunsSqlText:
    case OpaqueReason::kDynamicCode:
    case OpaqueReason::kUnreadableCode:
    case OpaqueReason::kFunctionCall:
    case OpaqueReason::kUnknownPrepared:
      return true;
    case OpaqueReason::kNone:
    case OpaqueReason::kUnprovedRoutine:
    case OpaqueReason::kProcedureCall:
      return false;
  }
  return true;
}

bool mentions_commit(std::string_view text) {
  static constexpr std::string_view kWord = "commit";
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(text.begin(), text.end(), kWord.begin(), kWord.end(), same) != text.end();
}

bool touches_temporary_objects(const parser::StatementFacts& facts) {
  return std::any_of(facts.changes.begin(), facts.changes.end(), [](const parser::Change& change) {
    return change.object.persistence != Persistence::kPersistent;
  });
}

}  // namespace

void TrackedState::set_startup_setting(std::string_view name, std::string_view value) {
  Values values = copy();
  if (name == "search_path") {
    values.search_path_startup = values.search_path = split_search_path(value);
    values.search_path_certain = true;
  } else if (name == "role") {
    values.role = values.role_startup = value == "none" ? std::string() : std::string(value);
  } else {
    return;
  }
  store(std::move(values));
}

void TrackedState::report_search_path(std::string_view value) {
  Values values = copy();
  values.search_path = split_search_path(value);
  values.search_path_local.reset();
  values.search_path_certain = true;
  store(std::move(values));
}

void TrackedState::start_transaction() {
  if (snapshots_.empty()) snapshots_.push_back({"", values_});
}

void TrackedState::commit() {
  snapshots_.clear();
  if (!values_) return;
  const bool local = values_->search_path_local || values_->role_local;
  const bool dropping = std::any_of(values_->temporary.begin(), values_->temporary.end(),
                                    [](const TemporaryObject& object) { return object.dropped_on_commit; });
  if (!local && !dropping) return;
  Values values = copy();
  values.search_path_local.reset();
  values.role_local.reset();
  std::erase_if(values.temporary, [](const TemporaryObject& object) { return object.dropped_on_commit; });
  store(std::move(values));
}

void TrackedState::rollback() {
  if (!snapshots_.empty()) values_ = snapshots_.front().values;
  snapshots_.clear();
}

void TrackedState::on_idle(bool failed) {
  if (snapshots_.empty()) return;
  if (failed) {
    rollback();
  } else {
    commit();
  }
}

void TrackedState::forget_certainty() {
  Values values = copy();
  values.temporary_certain = false;
  values.search_path_certain = false;
  values.role_certain = false;
  store(std::move(values));
}

void TrackedState::apply_transaction(const parser::StatementFacts& facts) {
  const auto find = [this](const std::string& name) {
    return std::find_if(snapshots_.rbegin(), snapshots_.rend(),
                        [&](const Snapshot& snapshot) { return snapshot.savepoint == name; });
  };
  switch (facts.transaction) {
    case TransactionControl::kNone:
    case TransactionControl::kCommitPrepared:
    case TransactionControl::kRollbackPrepared:
      return;
    case TransactionControl::kBegin:
      start_transaction();
      return;
    case TransactionControl::kCommit:
    case TransactionControl::kPrepareTransaction:
      commit();
      if (facts.chain) start_transaction();
      return;
    case TransactionControl::kRollback:
      rollback();
      if (facts.chain) start_transaction();
      return;
    case TransactionControl::kSavepoint:
      start_transaction();
      snapshots_.push_back({facts.transaction_name, values_});
      return;
    case TransactionControl::kRollbackToSavepoint:
      if (const auto found = find(facts.transaction_name); found != snapshots_.rend()) {
        values_ = found->values;
        snapshots_.erase(found.base(), snapshots_.end());
      }
      return;
    case TransactionControl::kRelease:
      if (const auto found = find(facts.transaction_name); found != snapshots_.rend()) {
        snapshots_.erase(found.base() - 1, snapshots_.end());
      }
      return;
  }
}

void TrackedState::apply_setting(Values& values, const SettingChange& setting) {
  const bool local = setting.scope == SettingChange::Scope::kLocal;
  if (setting.name == "search_path") {
    if (setting.reset) {
      values.search_path_local.reset();
      values.search_path = values.search_path_startup;
      values.search_path_certain = values.search_path_startup.has_value();
      return;
    }
    std::optional<std::vector<std::string>> path;
    if (!setting.list.empty()) {
      path = setting.list;
    } else if (setting.value) {
      path = split_search_path(*setting.value);
    }
    (local ? values.search_path_local : values.search_path) = path;
    if (!local) values.search_path_local.reset();
    values.search_path_certain = path.has_value();
  } else if (setting.name == "role") {
    if (setting.reset) {
      values.role_local.reset();
      values.role = values.role_startup;
      values.role_certain = true;
      return;
    }
    if (!setting.value) {
      values.role_certain = false;
      return;
    }
    const std::string role = *setting.value == "none" ? std::string() : *setting.value;
    if (local) {
      values.role_local = role;
    } else {
      values.role = role;
      values.role_local.reset();
    }
    values.role_certain = true;
  } else if (setting.name == "session_authorization") {
    // SET SESSION AUTHORIZATION also sets the role back to none; the new login is reported by ParameterStatus.
    values.role_local.reset();
    values.role.clear();
  } else if (setting.name == "all" && setting.reset) {
    values.search_path_local.reset();
    values.search_path = values.search_path_startup;
    values.search_path_certain = values.search_path_startup.has_value();
  }
}

void TrackedState::apply_change(Values& values, const parser::Change& change, std::string_view statement_text) {
  const std::string& name = change.object.name.name;
  const auto is_temporary = [&values](const std::string& candidate) {
    return std::any_of(values.temporary.begin(), values.temporary.end(),
                       [&](const TemporaryObject& object) { return object.name == candidate; });
  };
  const bool by_name = change.object.persistence == Persistence::kByName && change.object.name.schema.empty();
  if (change.kind.starts_with("create_")) {
    const bool on_temporary_table = change.relation && change.relation->name.schema.empty() &&
                                    is_temporary(change.relation->name.name) &&
                                    change.object.kind == parser::ObjectKind::kIndex;
    if ((change.object.persistence == Persistence::kTemporary || on_temporary_table) && !name.empty()) {
      // ON COMMIT DROP is looked for as a word anywhere in the text: forgetting a name early is the safe side.
      const bool may_go_at_commit = mentions_commit(statement_text);
      values.temporary.push_back(
          {name, on_temporary_table ? change.relation->name.name : std::string(), may_go_at_commit});
    }
    return;
  }
  const bool temporary = change.object.persistence == Persistence::kTemporary || (by_name && is_temporary(name));
  if (!temporary) return;
  if (change.kind.starts_with("drop_") && change.member.empty()) {
    if (change.cascade) {
      values.temporary.clear();
    } else {
      std::erase_if(values.temporary,
                    [&](const TemporaryObject& object) { return object.name == name || object.owner == name; });
    }
  } else if (change.kind.starts_with("rename_") && change.member.empty() && !change.new_name.empty()) {
    for (TemporaryObject& object : values.temporary) {
      if (object.name == name) object.name = change.new_name;
      if (object.owner == name) object.owner = change.new_name;
    }
  }
}

void TrackedState::apply(const parser::StatementFacts& facts, std::string_view statement_text) {
  if (facts.transaction != TransactionControl::kNone) {
    apply_transaction(facts);
    return;
  }
  if (facts.prepared == parser::PreparedUse::kPrepare) return;
  const bool discards = facts.command == "DISCARD ALL" || facts.command.starts_with("DISCARD TEMP");
  const bool dynamic = is_dynamic(facts.opaque);
  if (facts.settings.empty() && facts.changes.empty() && !discards && !dynamic && !facts.embedded_commit) return;
  start_transaction();
  Values values = copy();
  for (const SettingChange& setting : facts.settings) apply_setting(values, setting);
  // Whether a branch of a DO block ran, and whether EXPLAIN was told to ANALYZE, is not known here.
  const bool conditional = facts.explain || facts.command == "DO";
  if (conditional) {
    if (touches_temporary_objects(facts)) values.temporary_certain = false;
  } else {
    for (const parser::Change& change : facts.changes) apply_change(values, change, statement_text);
  }
  if (dynamic) {
    values.temporary_certain = false;
    values.search_path_certain = false;
  }
  if (discards) {
    values.temporary.clear();
    values.temporary_certain = true;
  }
  if (facts.command == "DISCARD ALL") {
    values.role = values.role_startup;
    values.role_local.reset();
    values.role_certain = true;
  }
  store(std::move(values));
}

policies::SessionNames TrackedState::names(std::string_view user) const {
  policies::SessionNames names;
  if (!values_) return names;
  for (const TemporaryObject& object : values_->temporary) names.temporary.push_back(object.name);
  names.temporary_certain = values_->temporary_certain;
  names.search_path_certain = values_->search_path_certain;
  const auto& path = values_->search_path_local ? values_->search_path_local : values_->search_path;
  if (path) {
    names.search_path.clear();
    for (size_t i = 0; i < path->size(); ++i) {
      const std::string& element = (*path)[i];
      // pg_temp named behind other schemas: a persistent object of the same name is found first.
      if (element == "pg_temp" && i > 0) names.temporary_certain = false;
      names.search_path.push_back(element == "$user" ? std::string(user) : element);
    }
  }
  return names;
}

const std::string& TrackedState::role() const {
  static const std::string none;
  if (!values_) return none;
  return values_->role_local ? *values_->role_local : values_->role;
}

bool TrackedState::role_certain() const { return !values_ || values_->role_certain; }

}  // namespace schemaguard::proxy::postgres
