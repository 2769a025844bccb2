#include "parser/mysql/object_facts.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "parser/mysql/table_facts.h"
#include "parser/words.h"

namespace schemaguard::parser::mysql {

bool account_name(StatementCursor& cursor, ObjectName& name) {
  std::string text;
  if (cursor.is_name()) {
    text = cursor.identifier();
  } else if (!cursor.string_constant(text)) {
    return false;
  }
  name.name = text;
  if (cursor.is_symbol("(")) cursor.skip_element();
  if (cursor.kind() == TokenKind::kUserVariable) {
    name.name += cursor.token_text();
    const bool quoted = cursor.token_text() == "@";
    cursor.advance();
    std::string host;
    if (quoted && (cursor.string_constant(host) || !(host = cursor.identifier()).empty())) name.name += host;
    // A host with other characters (10.1.%, a-b) is always quoted.
  }
  return true;
}

namespace {

enum class NameShape : uint8_t { kQualified, kAccounts, kOptional, kNumber };

struct ObjectRow {
  std::initializer_list<std::string_view> words;  // as the statement spells the kind
  std::string_view name;                          // second half of change kinds
  ObjectKind kind;
  StatementClass statement_class;
  NameShape shape = NameShape::kQualified;
};

// Longer spellings first. What drops a database is of class cluster; CREATE and ALTER are schema (design section 5).
const ObjectRow object_rows[] = {
    {{"package", "body"}, "package_body", ObjectKind::kOther, StatementClass::kSchema},
    {{"package"}, "package", ObjectKind::kOther, StatementClass::kSchema},
    {{"json", "relational", "duality", "view"}, "view", ObjectKind::kView, StatementClass::kSchema},
    {{"json", "duality", "view"}, "view", ObjectKind::kView, StatementClass::kSchema},
    {{"view"}, "view", ObjectKind::kView, StatementClass::kSchema},
    {{"procedure"}, "procedure", ObjectKind::kProcedure, StatementClass::kSchema},
    {{"function"}, "function", ObjectKind::kFunction, StatementClass::kSchema},
    {{"trigger"}, "trigger", ObjectKind::kTrigger, StatementClass::kSchema},
    {{"event"}, "event", ObjectKind::kEvent, StatementClass::kSchema},
    {{"sequence"}, "sequence", ObjectKind::kSequence, StatementClass::kSchema},
    {{"library"}, "library", ObjectKind::kOther, StatementClass::kSchema},
    {{"masking", "policy"}, "masking_policy", ObjectKind::kOther, StatementClass::kSchema},
    {{"spatial", "reference", "system"},
     "spatial_reference_system",
     ObjectKind::kOther,
     StatementClass::kSchema,
     NameShape::kNumber},
    {{"server"}, "server", ObjectKind::kServer, StatementClass::kSchema},
    {{"catalog"}, "database", ObjectKind::kDatabase, StatementClass::kCluster},
    {{"database"}, "database", ObjectKind::kDatabase, StatementClass::kSchema, NameShape::kOptional},
    {{"schema"}, "database", ObjectKind::kDatabase, StatementClass::kSchema, NameShape::kOptional},
    {{"undo", "tablespace"}, "tablespace", ObjectKind::kTablespace, StatementClass::kCluster},
    {{"tablespace"}, "tablespace", ObjectKind::kTablespace, StatementClass::kCluster},
    {{"logfile", "group"}, "logfile_group", ObjectKind::kTablespace, StatementClass::kCluster},
    {{"resource", "group"}, "resource_group", ObjectKind::kOther, StatementClass::kCluster},
    {{"instance"}, "instance", ObjectKind::kOther, StatementClass::kCluster, NameShape::kOptional},
    {{"user"}, "user", ObjectKind::kRole, StatementClass::kAccess, NameShape::kAccounts},
    {{"role"}, "role", ObjectKind::kRole, StatementClass::kAccess, NameShape::kAccounts},
};

const ObjectRow* find_row(StatementCursor& cursor) {
  for (const ObjectRow& row : object_rows) {
    if (cursor.accept(row.words)) return &row;
  }
  return nullptr;
}

std::string upper(std::string_view words) {
  std::string result(words);
  absl::AsciiStrToUpper(&result);
  std::replace(result.begin(), result.end(), '_', ' ');
  return result;
}

void definer(StatementCursor& cursor) {
  if (!cursor.accept("definer")) return;
  cursor.accept_symbol("=");
  ObjectName name;
  account_name(cursor, name);
}

// The rest of the statement as the definition of each of its changes.
void take_rest(StatementCursor& cursor, size_t start, StatementFacts& facts) {
  while (!cursor.at_end()) cursor.advance();
  if (!facts.changes.empty()) facts.changes.back().definition = cursor.source(start, cursor.position());
}

// ALTER DATABASE and ALTER INSTANCE may come without a name. Words that are not reserved are names where no value
// follows: a database may be called "comment".
bool begins_option(const StatementCursor& cursor) {
  if (cursor.is_one_of({"comment", "encryption"})) {
    return cursor.is_symbol("=", 1) || cursor.kind(1) == TokenKind::kString;
  }
  if (cursor.is("charset")) {
    return !cursor.is_one_of({"default", "character", "charset", "collate", "comment", "encryption", "read"}, 1);
  }
  return cursor.is_one_of({"character", "collate", "default", "read", "rotate", "reload", "enable", "disable"});
}

// CREATE and DROP name their database, whatever it is called.
bool name_is_optional(const ObjectRow& row, std::string_view verb) {
  return row.shape == NameShape::kOptional && verb == "alter";
}

// To the account behind the next comma. Commas behind ROLE stand between roles.
bool next_account(StatementCursor& cursor) {
  while (!cursor.at_end() && !cursor.is_symbol(",")) {
    if (cursor.is("role")) return false;
    cursor.skip_element();
  }
  return cursor.accept_symbol(",");
}

bool read_name(StatementCursor& cursor, const ObjectRow& row, ObjectName& name) {
  switch (row.shape) {
    case NameShape::kAccounts:
      return account_name(cursor, name);
    case NameShape::kQualified:
      // The names of servers may be strings.
      return cursor.name(name) || cursor.string_constant(name.name);
    case NameShape::kOptional:
      if (cursor.is_name() && !begins_option(cursor)) cursor.name(name);
      return true;
    case NameShape::kNumber:
      if (cursor.kind() != TokenKind::kNumber) return false;
      name.name = cursor.token_text();
      cursor.advance();
      return true;
  }
  return false;
}

Persistence persistence_of(const ObjectRow& row, bool temporary) {
  return temporary && row.kind == ObjectKind::kSequence ? Persistence::kTemporary : Persistence::kPersistent;
}

// One or several objects of one kind behind a verb.
void objects_facts(StatementCursor& cursor, const ObjectRow& row, std::string_view verb, StatementHead head,
                   StatementFacts& facts) {
  facts.command = upper(verb) + " " + upper(row.name);
  const size_t start = cursor.position();
  const bool if_not_exists = cursor.accept_if_not_exists();
  const bool if_exists = cursor.accept_if_exists();
  const bool dropping = verb == "drop";
  const Persistence persistence = persistence_of(row, head.temporary);
  bool known = true;
  do {
    ObjectUse object{.kind = row.kind, .name = {}, .persistence = persistence};
    const bool required = row.shape == NameShape::kOptional && !name_is_optional(row, verb);
    known = required ? cursor.name(object.name) : read_name(cursor, row, object.name);
    if (!known) break;
    if (head.or_replace) {
      add_change(facts, "drop_" + std::string(row.name), object).if_exists = true;
    }
    Change& change = add_change(facts, std::string(verb) + "_" + std::string(row.name), std::move(object));
    change.if_exists = if_exists;
    change.if_not_exists = if_not_exists;
    if (row.statement_class == StatementClass::kAccess && cursor.accept({"with", "admin"})) {
      ObjectName administrator;
      if (account_name(cursor, administrator)) change.member = administrator.name;
    }
  } while (row.shape == NameShape::kAccounts ? next_account(cursor) : dropping && cursor.accept_symbol(","));
  StatementClass statement_class = row.statement_class;
  const bool destroys = dropping || head.or_replace;
  if (destroys && row.kind == ObjectKind::kDatabase) statement_class = StatementClass::kCluster;
  if (persistence == Persistence::kTemporary) statement_class = StatementClass::kTemporary;
  facts.classes.add(statement_class);
  if (!known) shape_unknown(facts);
  if (row.kind == ObjectKind::kTrigger && cursor.skip_to({"on"})) {
    cursor.advance();
    ObjectUse table{.kind = ObjectKind::kTable, .name = {}, .persistence = Persistence::kPersistent};
    if (cursor.name(table.name) && !facts.changes.empty()) facts.changes.back().relation = std::move(table);
  }
  if (row.kind == ObjectKind::kEvent && verb == "alter") {
    StatementCursor ahead = cursor;
    if (ahead.skip_to({"rename"}) && ahead.accept({"rename", "to"})) {
      ObjectName target;
      if (ahead.name(target) && !facts.changes.empty()) {
        facts.changes.back().new_name = target.display();
        facts.changes.back().shape_unknown = shows_a_dot(target);
      }
    }
  }
  // A loadable function is native code.
  if (row.kind == ObjectKind::kFunction && cursor.skip_to({"soname"})) facts.classes.add(StatementClass::kCluster);
  if (row.statement_class == StatementClass::kAccess) {
    cursor.seek(cursor.size());  // passwords are no definition
    return;
  }
  take_rest(cursor, start, facts);
}

void other(StatementCursor& cursor, std::string_view verb, StatementFacts& facts) {
  facts.command = upper(verb);
  const size_t start = cursor.position();
  shape_unknown(facts);
  facts.changes.back().kind = std::string(verb) + "_other";
  take_rest(cursor, start, facts);
}

}  // namespace

void create_facts(StatementCursor& cursor, StatementFacts& facts) {
  StatementHead head;
  head.or_replace = cursor.accept({"or", "replace"});
  head.temporary = cursor.accept("temporary");
  if (cursor.accept("table")) return create_table_facts(cursor, head, facts);
  StatementCursor ahead = cursor;
  ahead.accept_one_of({"unique", "fulltext", "spatial", "vector"});
  if (ahead.accept("index")) {
    cursor = ahead;
    return create_index_facts(cursor, head, facts);
  }
  // ALGORITHM = …, DEFINER = …, SQL SECURITY …, AGGREGATE stand before the kind in this order.
  if (cursor.accept("algorithm")) {
    cursor.accept_symbol("=");
    cursor.advance();
  }
  definer(cursor);
  if (cursor.accept({"sql", "security"})) cursor.advance();
  cursor.accept("aggregate");
  const ObjectRow* row = find_row(cursor);
  if (row == nullptr) return other(cursor, "create", facts);
  objects_facts(cursor, *row, "create", head, facts);
}

void alter_facts(StatementCursor& cursor, StatementFacts& facts) {
  StatementCursor ahead = cursor;
  while (ahead.accept_one_of({"online", "offline", "ignore"})) {
  }
  if (ahead.accept("table")) {
    cursor = ahead;
    return alter_table_facts(cursor, facts);
  }
  if (cursor.accept("algorithm")) {
    cursor.accept_symbol("=");
    cursor.advance();
  }
  definer(cursor);
  if (cursor.accept({"sql", "security"})) cursor.advance();
  const ObjectRow* row = find_row(cursor);
  if (row == nullptr) return other(cursor, "alter", facts);
  objects_facts(cursor, *row, "alter", {}, facts);
}

void drop_facts(StatementCursor& cursor, StatementFacts& facts) {
  StatementHead head;
  head.temporary = cursor.accept("temporary");
  if (cursor.accept_one_of({"table", "tables"})) return drop_table_facts(cursor, head, facts);
  if (cursor.accept("index")) return drop_index_facts(cursor, facts);
  if (cursor.accept("prepare")) {
    facts.command = "DEALLOCATE";
    facts.classes.add(StatementClass::kQuery);
    facts.prepared = PreparedUse::kDeallocate;
    facts.prepared_name = to_lower(cursor.identifier());
    return;
  }
  const ObjectRow* row = find_row(cursor);
  if (row == nullptr) return other(cursor, "drop", facts);
  objects_facts(cursor, *row, "drop", head, facts);
}

void rename_facts(StatementCursor& cursor, StatementFacts& facts) {
  if (cursor.accept_one_of({"table", "tables"})) return rename_table_facts(cursor, facts);
  if (!cursor.accept("user")) return other(cursor, "rename", facts);
  facts.command = "RENAME USER";
  facts.classes.add(StatementClass::kAccess);
  do {
    ObjectUse user{.kind = ObjectKind::kRole, .name = {}, .persistence = Persistence::kPersistent};
    ObjectName target;
    if (!account_name(cursor, user.name) || !cursor.accept("to") || !account_name(cursor, target)) break;
    add_change(facts, "rename_user", std::move(user)).new_name = target.name;
  } while (cursor.accept_symbol(","));
  if (!cursor.at_end()) shape_unknown(facts);
}

void grant_facts(StatementCursor& cursor, bool revoke, StatementFacts& facts) {
  facts.command = revoke ? "REVOKE" : "GRANT";
  facts.classes.add(StatementClass::kAccess);
  const size_t start = cursor.position();
  ObjectUse object{.kind = ObjectKind::kNone, .name = {}, .persistence = Persistence::kPersistent};
  if (cursor.skip_to({"on"})) {
    cursor.advance();
    object.kind = ObjectKind::kTable;
    if (cursor.accept("procedure")) object.kind = ObjectKind::kProcedure;
    if (cursor.accept("function")) object.kind = ObjectKind::kFunction;
    cursor.accept("table");
    cursor.name(object.name);
  } else {
    cursor.seek(start);
  }
  cursor.skip_to({revoke ? std::string_view("from") : std::string_view("to")});
  const size_t end = cursor.position();
  const std::string definition = cursor.source(start, end);
  cursor.advance();
  do {
    Change& change = add_change(facts, revoke ? "revoke" : "grant", object);
    change.definition = definition;
    ObjectName grantee;
    if (account_name(cursor, grantee)) change.member = grantee.name;
  } while (next_account(cursor));
}

}  // namespace schemaguard::parser::mysql
