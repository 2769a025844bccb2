#include "parser/mysql/table_facts.h"

#include <utility>

namespace schemaguard::parser::mysql {
namespace {

// The class that follows from what is changed: temporary only when every object certainly is.
void classify(StatementFacts& facts) {
  bool temporary = !facts.changes.empty();
  for (const Change& change : facts.changes) {
    const ObjectUse& owner = change.relation ? *change.relation : change.object;
    temporary = temporary && owner.persistence == Persistence::kTemporary;
  }
  facts.classes.add(temporary ? StatementClass::kTemporary : StatementClass::kSchema);
}

ObjectUse table(Persistence persistence) {
  return {.kind = ObjectKind::kTable, .name = {}, .persistence = persistence};
}

void skip_wait(StatementCursor& cursor) {
  if (cursor.accept("wait")) cursor.advance();
  cursor.accept("nowait");
}

// INDEX, KEY, UNIQUE, PRIMARY KEY, FOREIGN KEY, CHECK, CONSTRAINT, PERIOD FOR: not a column.
bool begins_key(const StatementCursor& cursor) {
  if (cursor.kind() != TokenKind::kWord) return false;
  if (cursor.is_one_of(
          {"index", "key", "unique", "primary", "fulltext", "spatial", "foreign", "check", "constraint"})) {
    return true;
  }
  return (cursor.is("vector") && cursor.is_one_of({"index", "key"}, 1)) ||
         (cursor.is("period") && cursor.is_one_of({"for", "if"}, 1));
}

void key_element(StatementCursor& cursor, const ObjectUse& owner, StatementFacts& facts) {
  const size_t start = cursor.position();
  std::string name;
  bool if_not_exists = false;
  const bool constraint = cursor.is_one_of({"constraint", "primary", "foreign", "check"});
  if (cursor.accept("constraint")) {
    if_not_exists = cursor.accept_if_not_exists();
    if (cursor.is_name() && !cursor.is_one_of({"primary", "unique", "foreign", "check"})) name = cursor.identifier();
  }
  const bool period = cursor.accept("period");
  if (period) {
    if_not_exists = cursor.accept_if_not_exists();
    cursor.accept("for");
  }
  const bool primary = cursor.accept({"primary", "key"});
  const bool foreign = cursor.accept({"foreign", "key"});
  const bool check = cursor.accept("check");
  if (!primary && !foreign && !check && !period) {
    cursor.accept_one_of({"unique", "fulltext", "spatial", "vector"});
    cursor.accept_one_of({"index", "key"});
  }
  if_not_exists = cursor.accept_if_not_exists() || if_not_exists;
  if (!check && cursor.is_name() && !cursor.is("using")) {
    std::string written = cursor.identifier();
    // A foreign key is called by its constraint's name first, a unique key by its index's.
    if (name.empty() || !foreign) name = std::move(written);
  }
  while (!cursor.at_end() && !cursor.is_symbol(",") && !cursor.is_symbol(")")) cursor.skip_element();
  if (primary) name = "PRIMARY";  // whatever is written
  std::string definition = cursor.source(start, cursor.position());
  if (constraint || period) {
    Change& change = add_change(facts, period ? "add_period" : "add_constraint", owner);
    change.member = name;
    change.definition = std::move(definition);
    change.if_not_exists = if_not_exists;
    return;
  }
  ObjectUse index{.kind = ObjectKind::kIndex, .name = owner.name, .persistence = owner.persistence};
  index.name.name = name;
  Change& change = add_change(facts, "create_index", std::move(index));
  change.relation = owner;
  change.definition = std::move(definition);
  change.if_not_exists = if_not_exists;
}

// The options and the query behind the columns of CREATE TABLE.
void table_tail(StatementCursor& cursor, size_t change, StatementFacts& facts) {
  const size_t start = cursor.position();
  while (!cursor.at_end()) {
    if (cursor.is_one_of({"select", "values", "with", "table"}) || cursor.is_symbol("(")) {
      // WITH SYSTEM VERSIONING is an option; PARTITION BY … (…) and UNION=(…) hold brackets.
      const bool versioning = cursor.is("with") && cursor.is("system", 1);
      const bool query = cursor.is_one_of({"select", "values"}) || (cursor.is("with") && !versioning) ||
                         (cursor.is("table") && cursor.is_name(1)) ||
                         (cursor.is_symbol("(") &&
                          (cursor.is_one_of({"select", "with", "values", "table"}, 1) || cursor.is_symbol("(", 1)));
      if (query) facts.changes[change].shape_unknown = true;
    }
    cursor.skip_element();
  }
  std::string options = cursor.source(start, cursor.position());
  if (!facts.changes[change].definition.empty() && !options.empty()) facts.changes[change].definition += ' ';
  facts.changes[change].definition += options;
}

bool is_like(const StatementCursor& cursor) {
  return cursor.is("like") || (cursor.is_symbol("(") && cursor.is("like", 1));
}

}  // namespace

void table_element(StatementCursor& cursor, const ObjectUse& owner, StatementFacts& facts) {
  if (begins_key(cursor)) {
    key_element(cursor, owner, facts);
    return;
  }
  ColumnDefinition column;
  const bool if_not_exists = cursor.accept_if_not_exists();
  const size_t start = cursor.position();
  const bool known = column_definition(cursor, column);
  const size_t behind = cursor.position();
  cursor.accept("first");
  if (cursor.accept("after")) cursor.identifier();
  Change& change = add_change(facts, "add_column", owner);
  change.member = column.name;
  change.column = std::move(column);
  change.if_not_exists = if_not_exists;
  change.shape_unknown = !known || !(cursor.at_end() || cursor.is_symbol(",") || cursor.is_symbol(")"));
  change.definition = cursor.source(known ? behind : start, cursor.position());
  while (!cursor.at_end() && !cursor.is_symbol(",") && !cursor.is_symbol(")")) cursor.skip_element();
}

bool shows_a_dot(const ObjectName& name) {
  return name.schema.find('.') != std::string::npos || name.name.find('.') != std::string::npos;
}

void create_table_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts) {
  facts.command = "CREATE TABLE";
  ObjectUse created = table(head.temporary ? Persistence::kTemporary : Persistence::kPersistent);
  const bool if_not_exists = cursor.accept_if_not_exists();
  const bool named = cursor.name(created.name);
  if (head.or_replace) {
    // It destroys what was there (evasion M49).
    Change& dropped = add_change(facts, "drop_table", created);
    dropped.object.persistence = head.temporary ? Persistence::kTemporary : Persistence::kPersistent;
    dropped.if_exists = true;
  }
  add_change(facts, "create_table", created).if_not_exists = if_not_exists;
  const size_t change = facts.changes.size() - 1;
  facts.changes[change].shape_unknown = !named;
  if (is_like(cursor)) {
    facts.changes[change].shape_unknown = true;
    const size_t start = cursor.position();
    while (!cursor.at_end()) cursor.advance();
    facts.changes[change].definition = cursor.source(start, cursor.position());
    classify(facts);
    return;
  }
  const bool query = cursor.is_one_of({"select", "with", "values", "table"}, 1) || cursor.is_symbol("(", 1);
  if (cursor.is_symbol("(") && !query) {
    cursor.advance();
    StatementFacts elements;
    while (!cursor.at_end()) {
      table_element(cursor, created, elements);
      if (!cursor.accept_symbol(",")) break;
    }
    for (Change& element : elements.changes) {
      if (element.shape_unknown) facts.changes[change].shape_unknown = true;
      if (element.column) {
        facts.changes[change].columns.push_back(std::move(*element.column));
      } else {
        std::string& definition = facts.changes[change].definition;
        if (!definition.empty()) definition += ", ";
        definition += element.definition;
      }
    }
    if (!cursor.accept_symbol(")")) facts.changes[change].shape_unknown = true;
  }
  table_tail(cursor, change, facts);
  classify(facts);
}

void drop_table_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts) {
  facts.command = "DROP TABLE";
  const bool if_exists = cursor.accept_if_exists();
  do {
    ObjectUse dropped = table(head.temporary ? Persistence::kTemporary : Persistence::kByName);
    if (!cursor.name(dropped.name)) break;
    add_change(facts, "drop_table", std::move(dropped)).if_exists = if_exists;
  } while (cursor.accept_symbol(","));
  const bool cascade = cursor.accept("cascade");
  cursor.accept("restrict");
  skip_wait(cursor);
  for (Change& change : facts.changes) change.cascade = cascade;
  classify(facts);
  if (!cursor.at_end()) shape_unknown(facts);
}

void rename_table_facts(StatementCursor& cursor, StatementFacts& facts) {
  facts.command = "RENAME TABLE";
  const bool if_exists = cursor.accept_if_exists();
  do {
    ObjectUse renamed = table(Persistence::kByName);
    ObjectName target;
    if (!cursor.name(renamed.name)) break;
    skip_wait(cursor);
    if (!cursor.accept("to") || !cursor.name(target)) break;
    // MySQL renames the base table even where a temporary one hides it, MariaDB the temporary one.
    if (cursor.reading().flavour == Flavour::kMySql) renamed.persistence = Persistence::kPersistent;
    Change& change = add_change(facts, "rename_table", renamed);
    change.new_name = target.display();
    change.shape_unknown = shows_a_dot(target);
    change.if_exists = if_exists;
    renamed.name = target;
    facts.objects.push_back(std::move(renamed));
  } while (cursor.accept_symbol(","));
  classify(facts);
  if (!cursor.at_end()) shape_unknown(facts);
}

void truncate_table_facts(StatementCursor& cursor, StatementFacts& facts) {
  facts.command = "TRUNCATE TABLE";
  cursor.accept("table");
  ObjectUse truncated = table(Persistence::kByName);
  cursor.name(truncated.name);
  skip_wait(cursor);
  add_change(facts, "truncate_table", std::move(truncated));
  facts.classes.add(StatementClass::kDestructive);
  if (!cursor.at_end()) shape_unknown(facts);
}

void create_index_facts(StatementCursor& cursor, StatementHead head, StatementFacts& facts) {
  facts.command = "CREATE INDEX";
  const size_t start = cursor.position();
  const bool if_not_exists = cursor.accept_if_not_exists();
  ObjectUse index{.kind = ObjectKind::kIndex, .name = {}, .persistence = Persistence::kByName};
  ObjectName name;
  cursor.name(name);
  ObjectUse owner = table(Persistence::kByName);
  const bool known = cursor.skip_to({"on"}) && cursor.accept("on") && cursor.name(owner.name);
  index.name = {.catalog = {}, .schema = owner.name.schema, .name = name.name};
  if (head.or_replace) {
    Change& dropped = add_change(facts, "drop_index", index);
    dropped.relation = owner;
    dropped.if_exists = true;
  }
  Change& change = add_change(facts, "create_index", std::move(index));
  change.relation = std::move(owner);
  change.if_not_exists = if_not_exists;
  while (!cursor.at_end()) cursor.advance();
  change.definition = cursor.source(start, cursor.position());
  change.shape_unknown = !known;
  facts.classes.add(StatementClass::kSchema);
}

void drop_index_facts(StatementCursor& cursor, StatementFacts& facts) {
  facts.command = "DROP INDEX";
  const bool if_exists = cursor.accept_if_exists();
  ObjectName name;
  cursor.name(name);
  ObjectUse owner = table(Persistence::kByName);
  const bool known = cursor.accept("on") && cursor.name(owner.name);
  ObjectUse index{.kind = ObjectKind::kIndex, .name = owner.name, .persistence = Persistence::kByName};
  index.name.name = name.name;
  Change& change = add_change(facts, "drop_index", std::move(index));
  change.relation = std::move(owner);
  change.if_exists = if_exists;
  const size_t start = cursor.position();
  while (!cursor.at_end()) cursor.advance();
  change.definition = cursor.source(start, cursor.position());
  change.shape_unknown = !known;
  facts.classes.add(StatementClass::kSchema);
}

}  // namespace schemaguard::parser::mysql
