#include "parser/mysql/query_facts.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "parser/mysql/function_facts.h"
#include "parser/mysql/system_databases.h"

namespace schemaguard::parser::mysql {
namespace {

// Names between here and `last` that lie in a system database: a write may be meant for them.
void catalog_names(StatementCursor cursor, size_t last, StatementFacts& facts) {
  for (; cursor.position() < last && !cursor.at_end(); cursor.advance()) {
    StatementCursor ahead = cursor;
    if (cursor.is_name() && cursor.is_symbol(".", 1) && is_system_database(ahead.identifier())) {
      facts.classes.add(StatementClass::kCatalogWrite);
    }
  }
}

void written(StatementCursor& cursor, StatementFacts& facts) {
  ObjectUse table{.kind = ObjectKind::kTable, .name = {}, .persistence = Persistence::kByName};
  if (!cursor.name(table.name)) return;
  if (is_system_database(table.name.schema)) facts.classes.add(StatementClass::kCatalogWrite);
  facts.written.push_back(std::move(table));
}

void modifiers(StatementCursor& cursor) {
  while (cursor.accept_one_of({"low_priority", "high_priority", "delayed", "quick", "ignore"})) {
  }
}

void update(StatementCursor& cursor, StatementFacts& facts) {
  modifiers(cursor);
  StatementCursor ahead = cursor;
  ahead.skip_to({"set"});
  catalog_names(cursor, ahead.position(), facts);
  do {
    written(cursor, facts);
    while (!cursor.at_end() && !cursor.is_symbol(",") && !cursor.is_one_of({"join", "set"})) cursor.skip_element();
  } while (cursor.accept_symbol(",") || cursor.accept("join"));
}

void delete_rows(StatementCursor& cursor, StatementFacts& facts) {
  modifiers(cursor);
  StatementCursor ahead = cursor;
  ahead.skip_to({"where"});
  catalog_names(cursor, ahead.position(), facts);
  cursor.accept("from");
  do {
    written(cursor, facts);
    if (cursor.accept_symbol(".")) cursor.accept_symbol("*");
  } while (cursor.accept_symbol(","));
}

}  // namespace

void expression_facts(StatementCursor cursor, StatementFacts& facts) {
  for (; !cursor.at_end(); cursor.advance()) {
    if (cursor.is("into") && cursor.is_one_of({"outfile", "dumpfile"}, 1)) {
      facts.classes.add(StatementClass::kServerFile);
      facts.copy = CopyUse::kServerFile;
    }
    call_facts(cursor, facts);
  }
}

void query_facts(StatementCursor& cursor, StatementFacts& facts) {
  facts.classes.add(StatementClass::kQuery);
  expression_facts(cursor, facts);
  if (cursor.is("with")) {
    cursor.skip_to({"select", "update", "delete", "insert", "replace", "values", "table"});
  }
  facts.command = cursor.is_symbol("(") ? "SELECT" : std::string(cursor.token_text());
  absl::AsciiStrToUpper(&facts.command);
  if (cursor.accept("update")) return update(cursor, facts);
  if (cursor.accept("delete")) return delete_rows(cursor, facts);
  if (cursor.accept_one_of({"insert", "replace"})) {
    modifiers(cursor);
    cursor.accept("into");
    written(cursor, facts);
  }
  cursor.seek(cursor.size());
}

void load_facts(StatementCursor& cursor, StatementFacts& facts) {
  facts.command = cursor.is("xml") ? "LOAD XML" : "LOAD DATA";
  facts.classes.add(StatementClass::kQuery);
  const bool local = cursor.is("local", 1) || cursor.is("local", 2);
  facts.copy = local ? CopyUse::kFromStdin : CopyUse::kServerFile;
  if (!local) facts.classes.add(StatementClass::kServerFile);
  expression_facts(cursor, facts);
  if (cursor.skip_to({"table"})) {
    cursor.advance();
    written(cursor, facts);
  }
  cursor.seek(cursor.size());
}

}  // namespace schemaguard::parser::mysql
