#include "parser/postgres/session_facts.h"

#include <array>
#include <string>
#include <utility>

#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/postgres/settings.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

SettingChange read_setting(const TreeNode& node) {
  const std::string_view kind = text(node, "kind");
  SettingChange change;
  change.name = to_lower(text(node, "name"));
  change.scope = flag(node, "is_local") ? SettingChange::Scope::kLocal : SettingChange::Scope::kSession;
  change.reset = kind == "VAR_RESET" || kind == "VAR_RESET_ALL" || kind == "VAR_SET_DEFAULT";
  if (kind == "VAR_RESET_ALL") change.name = "all";
  bool constant = true;
  for (const boost::json::value& argument : list(node, "args")) {
    const std::optional<std::string> word = constant_text(argument);
    constant = constant && word.has_value();
    change.list.push_back(word.value_or(""));
  }
  if (!change.list.empty() && constant) change.value = join(change.list, ", ");
  return change;
}

// SET TRANSACTION and SET SESSION CHARACTERISTICS: one option each.
void transaction_modes(const TreeNode& node, SettingChange::Scope scope, StatementFacts& facts) {
  for (const boost::json::value& item : list(node, "args")) {
    const TypedNode option = typed_node(item);
    if (option.type != "DefElem") continue;
    SettingChange change;
    change.name = std::string(text(*option.fields, "defname"));
    change.value = option_text(*option.fields);
    change.scope = scope;
    facts.settings.push_back(std::move(change));
  }
}

struct TransactionKind {
  std::string_view symbol;
  std::string_view command;
  TransactionControl control;
};
constexpr std::array<TransactionKind, 10> kTransactionKinds = {{
    {"TRANS_STMT_BEGIN", "BEGIN", TransactionControl::kBegin},
    {"TRANS_STMT_START", "START TRANSACTION", TransactionControl::kBegin},
    {"TRANS_STMT_COMMIT", "COMMIT", TransactionControl::kCommit},
    {"TRANS_STMT_ROLLBACK", "ROLLBACK", TransactionControl::kRollback},
    {"TRANS_STMT_SAVEPOINT", "SAVEPOINT", TransactionControl::kSavepoint},
    {"TRANS_STMT_RELEASE", "RELEASE", TransactionControl::kRelease},
    {"TRANS_STMT_ROLLBACK_TO", "ROLLBACK", TransactionControl::kRollbackToSavepoint},
    {"TRANS_STMT_PREPARE", "PREPARE TRANSACTION", TransactionControl::kPrepareTransaction},
    {"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED", TransactionControl::kCommitPrepared},
    {"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED", TransactionControl::kRollbackPrepared},
}};

void note_relation(const TreeNode& node, std::string_view field, ObjectKind kind, StatementFacts& facts) {
  if (const TreeNode* relation = child(node, field)) add_object(facts, existing_relation(kind, *relation));
}

}  // namespace

void variable_set_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const std::string_view kind = text(node, "kind");
  facts.command = kind == "VAR_RESET" || kind == "VAR_RESET_ALL" ? "RESET" : "SET";
  if (kind == "VAR_SET_MULTI" && text(node, "name") == "TRANSACTION SNAPSHOT") {
    facts.classes.add(StatementClass::kSession);
    return;
  }
  if (kind == "VAR_SET_MULTI") {
    facts.classes.add(StatementClass::kSession);
    const bool session = text(node, "name") == "SESSION CHARACTERISTICS";
    transaction_modes(node, session ? SettingChange::Scope::kSession : SettingChange::Scope::kTransaction, facts);
    return;
  }
  SettingChange change = read_setting(node);
  facts.classes.add(setting_class(change));
  facts.settings.push_back(std::move(change));
}

void variable_show_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "SHOW";
  facts.classes.add(StatementClass::kQuery);
}

void discard_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.classes.add(StatementClass::kSession);
  const std::string_view target = text(node, "target");
  if (target == "DISCARD_ALL") {
    facts.command = "DISCARD ALL";
    SettingChange change;
    change.name = "all";
    change.reset = true;
    facts.settings.push_back(std::move(change));
    facts.prepared = PreparedUse::kDeallocateAll;
  } else if (target == "DISCARD_PLANS") {
    facts.command = "DISCARD PLANS";
  } else if (target == "DISCARD_SEQUENCES") {
    facts.command = "DISCARD SEQUENCES";
  } else {
    facts.command = "DISCARD TEMP";
  }
}

void load_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "LOAD";
  // Brings a library into the server process, as the library settings do (evasion 152).
  facts.classes.add(StatementClass::kSetting);
}

void constraints_set_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "SET CONSTRAINTS";
  facts.classes.add(StatementClass::kSession);
}

void transaction_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.classes.add(StatementClass::kTransaction);
  const std::string_view symbol = text(node, "kind");
  for (const TransactionKind& kind : kTransactionKinds) {
    if (kind.symbol != symbol) continue;
    facts.command = std::string(kind.command);
    facts.transaction = kind.control;
  }
  if (facts.transaction == TransactionControl::kNone) {
    facts.classes.add(StatementClass::kUnread);
    facts.unread_reason = "unknown_node";
  }
  facts.chain = flag(node, "chain");
  const std::string_view savepoint = text(node, "savepoint_name");
  // A gid is a string, not an identifier: it may be longer than a name and is never clipped.
  facts.transaction_name = savepoint.empty() ? std::string(text(node, "gid")) : clip_identifier(savepoint);
}

void listen_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "LISTEN";
  facts.classes.add(StatementClass::kSession);
}

void unlisten_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "UNLISTEN";
  facts.classes.add(StatementClass::kSession);
}

void notify_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "NOTIFY";
  facts.classes.add(StatementClass::kSession);
}

void lock_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "LOCK TABLE";
  facts.classes.add(StatementClass::kAdmin);
  for (const boost::json::value& item : list(node, "relations")) {
    const TypedNode range_var = typed_node(item);
    if (range_var.type == "RangeVar") add_object(facts, existing_relation(ObjectKind::kTable, *range_var.fields));
  }
}

void checkpoint_facts(const TreeNode&, const StatementSource&, StatementFacts& facts) {
  facts.command = "CHECKPOINT";
  facts.classes.add(StatementClass::kAdmin);
}

void vacuum_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = flag(node, "is_vacuumcmd") ? "VACUUM" : "ANALYZE";
  facts.classes.add(StatementClass::kMaintenance);
  for (const boost::json::value& item : list(node, "rels")) {
    const TypedNode relation = typed_node(item);
    if (relation) note_relation(*relation.fields, "relation", ObjectKind::kTable, facts);
  }
}

void cluster_table_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "CLUSTER";
  facts.classes.add(StatementClass::kMaintenance);
  note_relation(node, "relation", ObjectKind::kTable, facts);
}

void reindex_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "REINDEX";
  facts.classes.add(StatementClass::kMaintenance);
  note_relation(node, "relation", ObjectKind::kTable, facts);
  if (has(node, "name")) add_object(facts, named_word(ObjectKind::kSchema, text(node, "name")));
  for (const boost::json::value& item : list(node, "params")) {
    const TypedNode option = typed_node(item);
    if (option.type != "DefElem" || text(*option.fields, "defname") != "tablespace") continue;
    // REINDEX (TABLESPACE …) is an ALTER INDEX … SET TABLESPACE as well.
    const ObjectUse moved = facts.objects.empty() ? named_word(ObjectKind::kIndex, "") : facts.objects.front();
    add_change(facts, "set_tablespace", moved).new_name = clip_identifier(option_text(*option.fields));
    facts.classes.add(StatementClass::kSchema);
  }
}

void refresh_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "REFRESH MATERIALIZED VIEW";
  facts.classes.add(StatementClass::kMaintenance);
  note_relation(node, "relation", ObjectKind::kMaterializedView, facts);
}

}  // namespace schemaguard::parser::postgres
