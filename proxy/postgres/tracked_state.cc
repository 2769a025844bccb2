#include "proxy/postgres/tracked_state.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/ascii.h"
#include "parser/postgres/settings.h"
#include "parser/postgres/sql_lexer.h"

namespace schemaguard::proxy::postgres {
namespace {

using parser::OpaqueReason;
using parser::Persistence;
using parser::SettingChange;
using parser::TransactionControl;
using parser::postgres::split_search_path;

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

// Whether these words stand side by side: comments may stand between them, and a string may hold them.
bool has_words(std::string_view text, std::span<const std::string_view> lower_case_words) {
  size_t matched = 0;
  parser::postgres::SqlLexer lexer(text);
  for (auto token = lexer.next(); token.kind != parser::postgres::TokenKind::kEnd; token = lexer.next()) {
    const std::string_view word = token.text(text);
    const auto is = [&](std::string_view wanted) {
      return token.kind == parser::postgres::TokenKind::kWord &&
             std::equal(word.begin(), word.end(), wanted.begin(), wanted.end(),
                        [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; });
    };
    if (is(lower_case_words[matched])) {
      if (++matched == lower_case_words.size()) return true;
    } else {
      matched = is(lower_case_words[0]) ? 1 : 0;
    }
  }
  return false;
}

// With a backslash the text may be cut in another way: then the answer is the one that forgets a name early, which is
// the safe side.
bool has_backslash(std::string_view text) { return text.find('\\') != std::string_view::npos; }

bool is_dropped_on_commit(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kWords = {"on", "commit", "drop"};
  return has_backslash(text) || has_words(text, kWords);
}

// A partition goes with the table that it is a part of; a partitioned table is only a parent.
bool is_partition(std::string_view text) {
  static constexpr std::array<std::string_view, 2> kWords = {"partition", "of"};
  return has_backslash(text) || has_words(text, kWords);
}

bool mentions(std::string_view text, std::string_view lower_case_word) {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(), same) != text.end();
}

// Constraints have indexes, and identity columns sequences, of any name that the text gives them.
bool names_hidden_relations(std::string_view text) {
  return has_backslash(text) || mentions(text, "constraint") || mentions(text, "sequence");
}

// Whether the server may give this name by itself to what comes with a table.
bool is_implicit_name(std::string_view name) {
  while (!name.empty() && absl::ascii_isdigit(static_cast<unsigned char>(name.back()))) name.remove_suffix(1);
  static constexpr std::array<std::string_view, 5> kEndings = {"_pkey", "_key", "_excl", "_idx", "_seq"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

// Whether apply_setting() does anything with it.
bool changes_what_names_mean(const SettingChange& setting) {
  return setting.name == "search_path" || setting.name == "role" || setting.name == "session_authorization" ||
         (setting.name == "all" && setting.reset) || setting.name.empty();
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
    values.path = values.path_startup = {.elements = split_search_path(value)};
  } else if (name == "role") {
    values.role = values.role_startup = {.name = value == "none" ? std::string() : std::string(value)};
  } else {
    return;
  }
  store(std::move(values));
}

void TrackedState::report_search_path(std::string_view value) {
  Values values = copy();
  values.path = {.elements = split_search_path(value)};
  values.path_local.reset();
  store(std::move(values));
}

// One after the other: the calls must not nest as deep as the savepoints.
TrackedState::Savepoint::~Savepoint() {
  std::shared_ptr<Savepoint> next = std::move(below);
  while (next && next.use_count() == 1) next = std::move(next->below);
}

void TrackedState::start_transaction() {
  if (in_transaction_) return;
  in_transaction_ = true;
  values_before_ = values_;
}

void TrackedState::end_transaction() {
  in_transaction_ = false;
  values_before_.reset();
  savepoints_.reset();
}

void TrackedState::commit() {
  end_transaction();
  if (!values_) return;
  const bool local = values_->path_local || values_->role_local;
  const bool dropping = std::any_of(values_->temporary.begin(), values_->temporary.end(),
                                    [](const TemporaryObject& object) { return object.dropped_on_commit; });
  if (!local && !dropping) return;
  Values values = copy();
  values.path_local.reset();
  values.role_local.reset();
  if (dropping) {
    // The server drops them with CASCADE: what may depend on them is forgotten.
    std::erase_if(values.temporary, [](const TemporaryObject& object) { return object.dropped_on_commit; });
    forget_temporary(values, [](const TemporaryObject& object) {
      return !object.owner.empty() || object.may_go_with_others || object.may_go_by_cascade || object.may_be_another;
    });
  }
  store(std::move(values));
}

void TrackedState::rollback() {
  if (in_transaction_) values_ = values_before_;
  end_transaction();
}

void TrackedState::on_idle(bool failed) {
  if (!in_transaction_) return;
  if (failed) {
    rollback();
  } else {
    commit();
  }
}

void TrackedState::forget_certainty() {
  Values values = copy();
  values.temporary_certain = false;
  values.path = {.elements = {}, .lost = true};
  values.path_local.reset();
  values.role = {.name = {}, .known = false};
  values.role_local.reset();
  store(std::move(values));
}

bool TrackedState::transaction_changed_names() const { return in_transaction_ && values_before_ != values_; }

void TrackedState::apply_rollback(const parser::StatementFacts& facts) {
  rollback();
  if (facts.chain) start_transaction();
}

void TrackedState::apply_transaction(const parser::StatementFacts& facts) {
  const auto find = [this](const std::string& name) {
    std::shared_ptr<Savepoint> found = savepoints_;
    while (found && found->name != name) found = found->below;
    return found;
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
      apply_rollback(facts);
      return;
    case TransactionControl::kSavepoint:
      start_transaction();
      savepoints_ = std::make_shared<Savepoint>(facts.transaction_name, values_, savepoints_);
      return;
    case TransactionControl::kRollbackToSavepoint:
      if (const auto found = find(facts.transaction_name)) {
        values_ = found->values;
        savepoints_ = found;
      } else {
        forget_certainty();  // a savepoint set while nothing was read
      }
      return;
    case TransactionControl::kRelease:
      if (const auto found = find(facts.transaction_name)) savepoints_ = found->below;
      return;
  }
}

void TrackedState::apply_path(Values& values, const SettingChange& setting, bool certainly_runs) {
  if (setting.reset && certainly_runs) {
    values.path = values.path_startup;
    values.path_local.reset();
    return;
  }
  NamePath path;
  if (!certainly_runs || setting.reset || !setting.value) {
    path.lost = true;
  } else {
    path.elements = setting.list.empty() ? split_search_path(*setting.value) : setting.list;
  }
  if (setting.scope == SettingChange::Scope::kLocal) {
    values.path_local = std::move(path);
  } else {
    values.path = std::move(path);
    values.path_local.reset();
  }
}

void TrackedState::apply_role(Values& values, const SettingChange& setting, bool certainly_runs) {
  if (setting.reset && certainly_runs) {
    values.role = values.role_startup;
    values.role_local.reset();
    return;
  }
  Role role;
  role.known = certainly_runs && !setting.reset && setting.value.has_value();
  if (role.known && *setting.value != "none") role.name = *setting.value;
  if (setting.scope == SettingChange::Scope::kLocal) {
    values.role_local = std::move(role);
  } else {
    values.role = std::move(role);
    values.role_local.reset();
  }
}

void TrackedState::apply_setting(Values& values, const SettingChange& setting, bool certainly_runs) {
  if (setting.name == "search_path" || (setting.name == "all" && setting.reset)) {
    apply_path(values, setting, certainly_runs);  // RESET ALL leaves the role alone
  } else if (setting.name == "role") {
    apply_role(values, setting, certainly_runs);
  } else if (setting.name == "session_authorization") {
    // SET SESSION AUTHORIZATION also sets the role back to none; the new login is reported by ParameterStatus.
    values.role_local.reset();
    values.role = {.name = {}, .known = certainly_runs};
  } else if (setting.name.empty()) {
    // set_config() with a name that is not constant.
    apply_path(values, setting, false);
    apply_role(values, setting, false);
  }
}

template <typename Condition>
void TrackedState::forget_temporary(Values& values, Condition condition) {
  constexpr size_t kForgottenMax = 1000;
  size_t forgotten = 0;
  for (TemporaryObject& object : values.temporary) {
    object.may_be_gone = object.may_be_gone || condition(object);
    if (object.may_be_gone) ++forgotten;
  }
  if (forgotten <= kForgottenMax) return;
  std::erase_if(values.temporary, [](const TemporaryObject& object) { return object.may_be_gone; });
  values.hidden_names = true;
}

void TrackedState::add_temporary(Values& values, const parser::Change& change, std::string owner,
                                 std::string_view statement_text) {
  using parser::ObjectKind;
  const ObjectKind kind = change.object.kind;
  TemporaryObject added{.name = change.object.name.name, .owner = std::move(owner)};
  added.dropped_on_commit = is_dropped_on_commit(statement_text);
  // A sequence may be owned by a column.
  added.may_go_with_others = kind == ObjectKind::kSequence || is_partition(statement_text);
  added.may_go_by_cascade = kind == ObjectKind::kView || mentions(statement_text, "inherits");
  if (kind == ObjectKind::kTable) {
    values.hidden_names = values.hidden_names || names_hidden_relations(statement_text);
  }
  const auto known = std::find_if(values.temporary.begin(), values.temporary.end(),
                                  [&](const TemporaryObject& object) { return object.name == added.name; });
  if (change.if_not_exists) {
    added.may_be_another = values.hidden_names || is_implicit_name(added.name);
    if (known != values.temporary.end() && !known->may_be_gone) {
      // Whatever it is, it stays what it is.
      known->dropped_on_commit = known->dropped_on_commit || added.dropped_on_commit;
      return;
    }
    if (known != values.temporary.end()) added.may_be_another = true;
  }
  if (known != values.temporary.end()) values.temporary.erase(known);
  values.temporary.push_back(std::move(added));
}

void TrackedState::apply_change(Values& values, const parser::Change& change, std::string_view statement_text) {
  const std::string& name = change.object.name.name;
  const auto is_temporary = [&values](const std::string& candidate) {
    return std::any_of(values.temporary.begin(), values.temporary.end(),
                       [&](const TemporaryObject& object) { return object.name == candidate && !object.may_be_gone; });
  };
  const bool by_name = change.object.persistence == Persistence::kByName && change.object.name.schema.empty();
  if (change.kind.starts_with("create_")) {
    const bool on_temporary_table = change.relation && change.relation->name.schema.empty() &&
                                    is_temporary(change.relation->name.name) &&
                                    change.object.kind == parser::ObjectKind::kIndex;
    if ((change.object.persistence == Persistence::kTemporary || on_temporary_table) && !name.empty()) {
      add_temporary(values, change, on_temporary_table ? change.relation->name.name : std::string(), statement_text);
    }
    return;
  }
  const bool temporary = change.object.persistence == Persistence::kTemporary || (by_name && is_temporary(name));
  if (!temporary) return;
  values.hidden_names = values.hidden_names || names_hidden_relations(statement_text);
  forget_temporary(values, [&](const TemporaryObject& object) { return object.may_be_another && object.name != name; });
  if (change.kind.starts_with("drop_")) {
    // What else goes with it is forgotten rather than followed: its indexes, what may be owned by a dropped column,
    // and with CASCADE anything. A table that only loses a member or a property stays itself.
    const bool property = change.kind == "drop_inherit" || change.kind == "drop_of_type" ||
                          change.kind == "drop_cluster" || change.kind == "drop_oids";
    const bool whole = change.member.empty() && !property;
    std::erase_if(values.temporary, [&](const TemporaryObject& object) {
      return whole && (object.name == name || object.owner == name);
    });
    forget_temporary(values, [&](const TemporaryObject& object) {
      return object.name != name && (change.cascade || object.owner == name || object.may_go_with_others);
    });
  } else if (change.kind == "add_constraint" && mentions(statement_text, "index")) {
    // ADD CONSTRAINT … USING INDEX gives the index the constraint's name.
    forget_temporary(values, [&](const TemporaryObject& object) { return object.owner == name; });
  } else if (mentions(statement_text, "attach")) {
    for (TemporaryObject& object : values.temporary) object.may_go_with_others = true;
  } else if (change.kind.starts_with("rename_") && change.member.empty() && !change.new_name.empty()) {
    std::erase_if(values.temporary, [&](const TemporaryObject& object) { return object.name == change.new_name; });
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
  const bool discards = facts.command == "DISCARD ALL" || facts.command == "DISCARD TEMP";
  const bool dynamic = is_dynamic(facts.opaque);
  const bool routine =
      facts.opaque != OpaqueReason::kNone && !dynamic && values_ && values_->effective_path().elements.has_value();
  const bool moves_names = std::any_of(facts.settings.begin(), facts.settings.end(), changes_what_names_mean);
  if (!moves_names && facts.changes.empty() && !discards && !dynamic && !routine) return;
  start_transaction();
  Values values = copy();
  // Whether a branch of a DO block ran, whether EXPLAIN was told to ANALYZE, and whether set_config() in a query met a
  // row, is not known here.
  const bool conditional = facts.explain || facts.command == "DO";
  const bool certainly_sets = facts.command == "SET" || facts.command == "RESET" || facts.command == "DISCARD ALL";
  for (const SettingChange& setting : facts.settings) apply_setting(values, setting, certainly_sets);
  if (conditional) {
    if (touches_temporary_objects(facts)) values.temporary_certain = false;
  } else {
    for (const parser::Change& change : facts.changes) apply_change(values, change, statement_text);
  }
  if (dynamic) {
    values.temporary_certain = false;
    values.path = {.elements = {}, .lost = true};
    values.path_local.reset();
    values.role = {.name = {}, .known = false};
    values.role_local.reset();
  } else if (routine) {
    // A routine may set the path for its caller; that it moves pg_temp as well is not assumed.
    values.path = {.elements = {}, .lost = values.path.lost, .doubted = true};
    if (values.path_local) values.path_local = {.elements = {}, .lost = values.path_local->lost, .doubted = true};
  }
  if (discards) {
    values.temporary.clear();
    values.temporary_certain = true;
    values.hidden_names = false;
  }
  if (facts.command == "DISCARD ALL") {
    values.role = values.role_startup;
    values.role_local.reset();
  }
  store(std::move(values));
}

policies::SessionNames TrackedState::names(std::string_view user) const {
  policies::SessionNames names;
  if (!values_) return names;
  for (const TemporaryObject& object : values_->temporary) {
    if (!object.may_be_gone) names.temporary.push_back(object.name);
  }
  const NamePath& path = values_->effective_path();
  names.temporary_certain = values_->temporary_certain && !path.lost;
  names.search_path_certain = path.elements.has_value();
  if (!path.elements) return names;
  const Role& current = values_->effective_role();
  names.search_path.clear();
  for (size_t i = 0; i < path.elements->size(); ++i) {
    const std::string& element = (*path.elements)[i];
    // pg_temp named behind other schemas: a persistent object of the same name is found first.
    if (element.starts_with("pg_temp") && i > 0) names.temporary_certain = false;
    if (element != "$user") {
      names.search_path.push_back(element);
      continue;
    }
    if (i == 0 && path.elements->size() > 1) names.user_schema_in_front = true;
    // The current role's name, which SET ROLE changes (evasion 133).
    if (!current.known) names.search_path_certain = false;
    names.search_path.push_back(current.name.empty() ? std::string(user) : current.name);
  }
  return names;
}

policies::PathKnowledge TrackedState::path_knowledge() const {
  using policies::PathKnowledge;
  if (!values_) return PathKnowledge::kDefault;
  const NamePath& path = values_->effective_path();
  if (path.lost || path.doubted || !values_->effective_role().known) return PathKnowledge::kUnknown;
  return path.elements ? PathKnowledge::kCertain : PathKnowledge::kDefault;
}

const std::string& TrackedState::role() const {
  static const std::string none;
  return values_ ? values_->effective_role().name : none;
}

bool TrackedState::role_certain() const { return !values_ || values_->effective_role().known; }

}  // namespace schemaguard::proxy::postgres
