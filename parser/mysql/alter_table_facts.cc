#include <string>
#include <utility>

#include "parser/mysql/table_facts.h"

namespace schemaguard::parser::mysql {
namespace {

class AlterTable {
 public:
  AlterTable(StatementCursor& cursor, StatementFacts& facts) : cursor_(cursor), facts_(facts) {}

  void run() {
    facts_.command = "ALTER TABLE";
    facts_.classes.add(StatementClass::kSchema);
    const bool if_exists = cursor_.accept_if_exists();
    table_ = {.kind = ObjectKind::kTable, .name = {}, .persistence = Persistence::kByName};
    if (!cursor_.name(table_.name)) {
      shape_unknown(facts_);
      return;
    }
    if (cursor_.accept("wait")) cursor_.advance();
    cursor_.accept("nowait");
    if (cursor_.at_end()) change("alter_table");
    while (!cursor_.at_end()) {
      start_ = cursor_.position();
      clause();
      if (!cursor_.accept_symbol(",") && cursor_.position() == start_) cursor_.advance();
    }
    for (Change& one : facts_.changes) one.if_exists = one.if_exists || if_exists;
  }

 private:
  // A change of the table; what stands from the start of the clause to here is filled in by `rest`.
  Change& change(std::string_view kind, std::string member = {}) {
    Change& added = add_change(facts_, kind, table_);
    added.member = std::move(member);
    return added;
  }
  void rest(Change& added) {
    cursor_.skip_to_comma();
    added.definition = cursor_.source(start_, cursor_.position());
  }
  // The clause must be over here.
  void finished(Change& added) {
    const bool over = cursor_.at_end() || cursor_.is_symbol(",");
    rest(added);
    added.shape_unknown = added.shape_unknown || !over;
  }

  void clause() {
    if (cursor_.accept("add")) return add();
    if (cursor_.accept("drop")) return drop();
    if (cursor_.accept("modify")) return modify();
    if (cursor_.accept("change")) return change_column();
    if (cursor_.accept("rename")) return rename();
    if (cursor_.accept("alter")) return alter();
    if (cursor_.accept("convert")) return convert();
    if (cursor_.is_one_of({"exchange", "discard", "import", "coalesce", "reorganize", "rebuild", "truncate", "analyze",
                           "check", "optimize", "repair", "remove", "upgrade", "partition"}) &&
        !cursor_.is_symbol("=", 1)) {
      return partitions();
    }
    if (cursor_.accept("order")) return to_end(change("order_rows"));
    if (cursor_.is_one_of({"disable", "enable"}) && cursor_.is("keys", 1)) return rest(change("alter_keys"));
    if (cursor_.is("force") && !cursor_.is_symbol("=", 1)) return rest(change("rebuild_table"));
    if (cursor_.is_one_of({"algorithm", "lock"})) return how();
    if (cursor_.is_one_of({"with", "without"}) && cursor_.is("validation", 1)) return how();
    if (cursor_.is_one_of({"secondary_load", "secondary_unload"})) return rest(change("alter_table"));
    option();
  }

  void to_end(Change& added) {
    while (!cursor_.at_end()) cursor_.advance();
    added.definition = cursor_.source(start_, cursor_.position());
  }

  // ALGORITHM and LOCK change nothing by themselves; a statement of these alone is still an ALTER TABLE.
  void how() {
    const bool alone = facts_.changes.empty();
    cursor_.skip_to_comma();
    if (alone && cursor_.at_end()) change("alter_table").definition = cursor_.source(start_, cursor_.position());
  }

  void option() {
    const bool like_option = cursor_.is_name() || cursor_.kind() == TokenKind::kString;
    Change& added = change("alter_options");
    // Options may follow each other without commas; PARTITION BY may stand behind the last.
    while (!cursor_.at_end() && !cursor_.is_symbol(",")) cursor_.skip_element();
    added.definition = cursor_.source(start_, cursor_.position());
    added.shape_unknown = !like_option || !known_option(added.definition);
  }

  // Words that may begin a table option, or anything with a '='.
  bool known_option(std::string_view definition) {
    StatementCursor at = cursor_;
    at.seek(start_);
    return definition.find('=') != std::string_view::npos || at.is_one_of({"default",
                                                                           "character",
                                                                           "charset",
                                                                           "collate",
                                                                           "engine",
                                                                           "type",
                                                                           "auto_increment",
                                                                           "comment",
                                                                           "row_format",
                                                                           "tablespace",
                                                                           "storage",
                                                                           "union",
                                                                           "data",
                                                                           "index",
                                                                           "min_rows",
                                                                           "max_rows",
                                                                           "avg_row_length",
                                                                           "checksum",
                                                                           "connection",
                                                                           "password",
                                                                           "pack_keys",
                                                                           "delay_key_write",
                                                                           "key_block_size",
                                                                           "insert_method",
                                                                           "stats_persistent",
                                                                           "stats_auto_recalc",
                                                                           "stats_sample_pages",
                                                                           "compression",
                                                                           "encryption",
                                                                           "autoextend_size",
                                                                           "secondary_engine",
                                                                           "engine_attribute",
                                                                           "page_checksum",
                                                                           "transactional",
                                                                           "sequence",
                                                                           "with"});
  }

  void add() {
    if (cursor_.accept({"system", "versioning"})) return rest(change("add_system_versioning"));
    if (cursor_.is("partition")) {
      Change& added = change("add_partition");
      return to_end(added);
    }
    cursor_.accept("column");
    StatementCursor ahead = cursor_;
    const bool if_not_exists = ahead.accept_if_not_exists();
    if (!ahead.accept_symbol("(")) return table_element(cursor_, table_, facts_);
    cursor_ = ahead;
    const size_t first = facts_.changes.size();
    do {
      table_element(cursor_, table_, facts_);
    } while (cursor_.accept_symbol(","));
    if (!cursor_.accept_symbol(")")) facts_.changes.back().shape_unknown = true;
    for (size_t index = first; if_not_exists && index < facts_.changes.size(); ++index) {
      facts_.changes[index].if_not_exists = true;
    }
  }
  void drop() {
    if (cursor_.accept({"system", "versioning"})) return rest(change("drop_system_versioning"));
    if (cursor_.accept({"primary", "key"}) || cursor_.accept({"constraint", "primary", "key"})) {
      Change& dropped = change("drop_constraint", "PRIMARY");
      return finished(dropped);
    }
    if (cursor_.accept({"foreign", "key"}) || cursor_.accept("constraint") || cursor_.accept("check")) {
      const bool if_exists = cursor_.accept_if_exists();
      Change& dropped = change("drop_constraint", cursor_.identifier());
      dropped.if_exists = if_exists;
      return finished(dropped);
    }
    if (cursor_.accept_one_of({"index", "key"})) {
      const bool if_exists = cursor_.accept_if_exists();
      index_change("drop_index", if_exists);
      return;
    }
    if (cursor_.is("period") && cursor_.is_one_of({"for", "if"}, 1)) return rest(change("drop_period"));
    if (cursor_.is("partition")) return to_end(change("drop_partition"));
    cursor_.accept("column");
    const bool if_exists = cursor_.accept_if_exists();
    Change& dropped = change("drop_column", cursor_.identifier());
    dropped.if_exists = if_exists;
    dropped.cascade = cursor_.accept("cascade");
    cursor_.accept("restrict");
    finished(dropped);
  }

  void index_change(std::string_view kind, bool if_exists) {
    ObjectUse index{.kind = ObjectKind::kIndex, .name = table_.name, .persistence = table_.persistence};
    index.name.name = cursor_.identifier();
    Change& changed = add_change(facts_, kind, std::move(index));
    changed.relation = table_;
    changed.if_exists = if_exists;
    if (cursor_.accept("to")) changed.new_name = cursor_.identifier();
    cursor_.accept_one_of({"visible", "invisible", "ignored"});
    cursor_.accept({"not", "ignored"});
    finished(changed);
  }

  void modify() {
    cursor_.accept("column");
    const bool if_exists = cursor_.accept_if_exists();
    column_change(if_exists, {});
  }

  void change_column() {
    cursor_.accept("column");
    const bool if_exists = cursor_.accept_if_exists();
    const std::string old_name = cursor_.identifier();
    StatementCursor ahead = cursor_;
    const std::string new_name = ahead.identifier();
    if (new_name != old_name) {
      Change& renamed = change("rename_column", old_name);
      renamed.new_name = new_name;
      renamed.if_exists = if_exists;
    }
    column_change(if_exists, old_name);
  }

  void column_change(bool if_exists, const std::string& old_name) {
    ColumnDefinition column;
    const bool known = column_definition(cursor_, column);
    if (cursor_.accept("after")) {
      cursor_.identifier();
    } else {
      cursor_.accept("first");
    }
    Change& changed = change("modify_column", old_name.empty() ? column.name : old_name);
    changed.column = std::move(column);
    changed.if_exists = if_exists;
    changed.shape_unknown = !known;
    finished(changed);
  }

  void rename() {
    if (cursor_.accept("column")) {
      const bool if_exists = cursor_.accept_if_exists();
      Change& renamed = change("rename_column", cursor_.identifier());
      renamed.if_exists = if_exists;
      if (!cursor_.accept("to")) renamed.shape_unknown = true;
      renamed.new_name = cursor_.identifier();
      return finished(renamed);
    }
    if (cursor_.is_one_of({"index", "key"}) && cursor_.is_name(1) && !cursor_.is_symbol(".", 1)) {
      cursor_.advance();
      return index_change("rename_index", cursor_.accept_if_exists());
    }
    if (!cursor_.accept_symbol("=") && !cursor_.accept("to")) cursor_.accept("as");
    Change& renamed = change("rename_table");
    ObjectName target;
    renamed.shape_unknown = !cursor_.name(target) || shows_a_dot(target);
    renamed.new_name = target.display();
    finished(renamed);
  }

  void alter() {
    if (cursor_.accept_one_of({"index", "key"})) return index_change("alter_index", cursor_.accept_if_exists());
    if (cursor_.accept_one_of({"check", "constraint"})) {
      Change& altered = change("alter_constraint", cursor_.identifier());
      return rest(altered);
    }
    cursor_.accept("column");
    const bool if_exists = cursor_.accept_if_exists();
    const std::string column = cursor_.identifier();
    std::string_view kind = "alter_column";
    if (cursor_.is("set") && cursor_.is("default", 1)) kind = "set_default";
    if (cursor_.is("drop") && cursor_.is("default", 1)) kind = "drop_default";
    const bool known = cursor_.is_one_of({"set", "drop"}) && cursor_.is_one_of({"default", "visible", "invisible"}, 1);
    Change& altered = change(kind, column);
    altered.if_exists = if_exists;
    altered.shape_unknown = !known;
    rest(altered);
  }

  void convert() {
    if (cursor_.accept("to")) return rest(change("convert_character_set"));
    // MariaDB: CONVERT PARTITION p TO TABLE t makes a table, CONVERT TABLE t TO PARTITION p takes one away.
    const bool to_table = cursor_.accept("partition");
    const std::string partition = to_table ? cursor_.identifier() : std::string();
    Change& converted = change("convert_partition", partition);
    if (to_table) cursor_.accept("to");
    // Without a database it is one of the default database, whatever the altered table's is.
    ObjectUse other{.kind = ObjectKind::kTable, .name = {}, .persistence = Persistence::kPersistent};
    if (!cursor_.accept("table") || !cursor_.name(other.name)) {
      converted.shape_unknown = true;
      return to_end(converted);
    }
    to_end(converted);
    add_change(facts_, to_table ? "create_table" : "drop_table", std::move(other)).shape_unknown = to_table;
  }

  void partitions() {
    const bool tablespace = cursor_.is_one_of({"discard", "import"}) && cursor_.is("tablespace", 1);
    if (tablespace) return rest(change(cursor_.is("discard") ? "discard_tablespace" : "import_tablespace"));
    if (cursor_.is("partition")) return to_end(change("partition_table"));
    if (cursor_.is("remove")) return to_end(change("remove_partitioning"));
    std::string kind;
    for (const char byte : cursor_.token_text()) kind += static_cast<char>(byte | 0x20);
    kind += "_partition";
    const bool exchange = cursor_.is("exchange");
    Change& changed = change(kind);
    changed.shape_unknown = !cursor_.is_one_of({"partition", "partitioning"}, 1);
    if (exchange && cursor_.skip_to({"table"})) {
      cursor_.advance();
      ObjectUse other{.kind = ObjectKind::kTable, .name = {}, .persistence = table_.persistence};
      if (cursor_.name(other.name)) {
        to_end(changed);
        Change& exchanged = add_change(facts_, "exchange_partition", std::move(other));
        exchanged.relation = table_;
        return;
      }
    }
    to_end(changed);
  }

  StatementCursor& cursor_;
  StatementFacts& facts_;
  ObjectUse table_;
  size_t start_ = 0;
};

}  // namespace

void alter_table_facts(StatementCursor& cursor, StatementFacts& facts) { AlterTable(cursor, facts).run(); }

}  // namespace schemaguard::parser::mysql
