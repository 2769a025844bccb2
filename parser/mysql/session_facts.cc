#include "parser/mysql/session_facts.h"

#include <utility>

#include "parser/mysql/object_facts.h"
#include "parser/mysql/query_facts.h"
#include "parser/words.h"

namespace schemaguard::parser::mysql {
namespace {

bool is_protected(std::string_view name) {
  return name == "sql_log_bin" || name == "pseudo_thread_id" || name == "pseudo_slave_mode" ||
         name == "pseudo_replica_mode" || name == "gtid_next" || name == "gtid_domain_id" || name == "server_id" ||
         name == "debug" || name == "debug_dbug" || name == "debug_sync" || name == "binlog_format" ||
         name == "sql_log_off" || name == "session_authorization" || name == "skip_replication";
}

void character_set(std::string_view name, bool constant, ReadingState& state, StatementFacts& facts) {
  state.character_set = constant ? character_set_by_name(name) : CharacterSet::kUnknown;
  if (constant && state.character_set == CharacterSet::kUnsafe) facts.classes.add(StatementClass::kSetting);
}

// What a new value of a session variable means for the statements behind it.
void apply(const SettingChange& setting, ReadingState& state, StatementFacts& facts) {
  if (setting.name == "sql_mode") apply_sql_mode(setting.value.value_or("default"), state);
  if (setting.name == "character_set_client") {
    character_set(setting.value.value_or(""), setting.value.has_value(), state, facts);
  }
  if (is_protected(setting.name)) facts.classes.add(StatementClass::kSetting);
}

// A value that is one constant or word, up to the ',' or the end.
std::optional<std::string> constant_value(StatementCursor& cursor, bool until_for) {
  std::optional<std::string> value;
  std::string text;
  const auto over = [&] { return cursor.at_end() || cursor.is_symbol(",") || (until_for && cursor.is("for")); };
  if (cursor.string_constant(text)) {
    value = std::move(text);
  } else if (cursor.kind() == TokenKind::kNumber || cursor.is_name()) {
    value = cursor.kind() == TokenKind::kNumber ? std::string(cursor.token_text()) : std::string();
    if (value->empty()) {
      value = cursor.identifier();
    } else {
      cursor.advance();
    }
  }
  if (!over()) value.reset();
  while (!over()) cursor.skip_element();
  return value;
}

// One `name = value` of the list. False when it does not read as one.
bool assignment(StatementCursor& cursor, bool for_statement, ReadingState& state, StatementFacts& facts) {
  if (cursor.kind() == TokenKind::kUserVariable) {
    while (!cursor.at_end() && !cursor.is_symbol(",")) cursor.skip_element();
    return true;
  }
  const bool system = cursor.kind() == TokenKind::kSystemVariable;
  if (system) cursor.advance();
  bool global = false;
  if (cursor.is_one_of({"global", "persist", "persist_only", "session", "local"}) &&
      (system ? cursor.is_symbol(".", 1) : cursor.is_name(1))) {
    global = cursor.is_one_of({"global", "persist", "persist_only"});
    cursor.advance();
    if (system) cursor.advance();
  }
  ObjectName name;
  if (!cursor.name(name)) return false;
  while (cursor.accept_symbol(".")) cursor.identifier();
  if (!cursor.accept_symbol("=") && !cursor.accept_symbol(":=")) return false;
  SettingChange setting;
  setting.name = to_lower(name.name);
  setting.reset = cursor.is("default");
  setting.value = constant_value(cursor, for_statement);
  if (setting.reset) setting.value.reset();
  if (global) {
    facts.classes.add(StatementClass::kCluster);
  } else if (!for_statement) {
    apply(setting, state, facts);
  } else if (is_protected(setting.name)) {
    facts.classes.add(StatementClass::kSetting);
  }
  facts.settings.push_back(std::move(setting));
  return true;
}

// SET PASSWORD FOR a, SET DEFAULT ROLE r FOR a (MariaDB) or TO a, b (MySQL); without these the session's own account.
void account_change(StatementCursor& cursor, std::string_view kind, StatementFacts& facts) {
  facts.classes.add(StatementClass::kAccess);
  cursor.skip_to({"for", "to"});
  cursor.advance();
  do {
    ObjectUse account{.kind = ObjectKind::kRole, .name = {}};
    account_name(cursor, account.name);
    add_change(facts, kind, std::move(account));
  } while (cursor.accept_symbol(","));
  cursor.seek(cursor.size());
}

void names(StatementCursor& cursor, ReadingState& state, StatementFacts& facts) {
  SettingChange setting{.name = "character_set_client", .value = {}, .list = {}};
  setting.reset = cursor.accept("default");
  std::string text;
  if (!setting.reset) {
    if (cursor.string_constant(text)) {
      setting.value = std::move(text);
    } else if (cursor.is_name()) {
      setting.value = cursor.identifier();
    }
  }
  character_set(setting.value.value_or(""), setting.value.has_value(), state, facts);
  facts.settings.push_back(std::move(setting));
  if (cursor.accept("collate")) cursor.advance();
}

}  // namespace

void set_facts(StatementCursor& cursor, ReadingState& state, StatementFacts& facts) {
  facts.command = "SET";
  facts.classes.add(StatementClass::kSession);
  expression_facts(cursor, facts);
  const bool for_statement = cursor.is("statement") && cursor.is_name(1);
  if (for_statement) cursor.advance();
  bool known = true;
  do {
    if (cursor.accept("password")) {
      facts.command = "SET PASSWORD";
      account_change(cursor, "alter_user", facts);
    } else if (cursor.accept({"default", "role"})) {
      facts.command = "SET DEFAULT ROLE";
      account_change(cursor, "alter_user", facts);
    } else if (cursor.is("role") && !cursor.is_symbol("=", 1)) {
      cursor.advance();
      std::string role;
      if (!cursor.string_constant(role)) role = cursor.token_text();
      facts.settings.push_back({.name = "role", .value = std::move(role), .list = {}});
      cursor.seek(cursor.size());
    } else if (cursor.accept({"session", "authorization"})) {
      facts.classes.add(StatementClass::kSetting);
      facts.settings.push_back({.name = "session_authorization", .value = {}, .list = {}});
      cursor.seek(cursor.size());
    } else if (cursor.accept({"resource", "group"})) {
      facts.classes.add(StatementClass::kAdmin);
      cursor.seek(cursor.size());
    } else if (cursor.is("transaction") || cursor.is("transaction", 1)) {
      if (cursor.is("global")) facts.classes.add(StatementClass::kCluster);
      cursor.seek(cursor.size());
    } else if (cursor.is("names") && !cursor.is_symbol("=", 1)) {
      cursor.advance();
      names(cursor, state, facts);
    } else if (cursor.accept({"character", "set"}) || (cursor.is("charset") && !cursor.is_symbol("=", 1))) {
      if (cursor.is("charset")) cursor.advance();
      names(cursor, state, facts);
    } else {
      known = assignment(cursor, for_statement, state, facts);
    }
  } while (known && cursor.accept_symbol(","));
  if (for_statement) {
    known = known && cursor.accept("for");
  } else {
    known = known && cursor.at_end();
  }
  if (known) return;
  facts.classes.add(StatementClass::kUnread);
  facts.unread_reason = "set";
  state.forget_settings();
  cursor.seek(cursor.size());
}

}  // namespace schemaguard::parser::mysql
