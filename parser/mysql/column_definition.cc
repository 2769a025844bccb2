#include "parser/mysql/table_facts.h"

namespace schemaguard::parser::mysql {
namespace {

// A word that begins an attribute, and so ends a type or an expression before it.
bool begins_attribute(const StatementCursor& cursor) {
  return cursor.is_one_of({"not",
                           "null",
                           "default",
                           "on",
                           "auto_increment",
                           "primary",
                           "key",
                           "unique",
                           "comment",
                           "collate",
                           "column_format",
                           "storage",
                           "engine_attribute",
                           "secondary_engine_attribute",
                           "visible",
                           "invisible",
                           "generated",
                           "as",
                           "check",
                           "constraint",
                           "references",
                           "srid",
                           "ref_system_id",
                           "with",
                           "without",
                           "compressed",
                           "first",
                           "after",
                           "enforced",
                           "virtual",
                           "stored",
                           "persistent"}) ||
         (cursor.is_name() && cursor.is_symbol("=", 1));
}

bool at_element_end(const StatementCursor& cursor) {
  return cursor.at_end() || cursor.is_symbol(",") || cursor.is_symbol(")");
}

// Moves to the next attribute; the token here belongs to what is being read, whatever it is.
std::string to_attribute(StatementCursor& cursor) {
  const size_t start = cursor.position();
  if (at_element_end(cursor)) return {};
  cursor.skip_element();
  while (!at_element_end(cursor) && !begins_attribute(cursor)) cursor.skip_element();
  return cursor.source(start, cursor.position());
}

// GENERATED ALWAYS AS (…), AS (…), AS ROW START.
void generated(StatementCursor& cursor, ColumnDefinition& column) {
  const size_t start = cursor.position();
  cursor.accept("generated");
  cursor.accept("always");
  cursor.accept("as");
  if (!cursor.is_symbol("(")) {
    column.constraints.push_back(cursor.source(start, cursor.position()) + " " + to_attribute(cursor));
    return;
  }
  const size_t opening = cursor.position();
  cursor.skip_element();
  column.generated_expression = cursor.source(opening, cursor.position());
  column.generated = 'v';
  if (cursor.accept_one_of({"stored", "persistent"})) column.generated = 's';
  cursor.accept("virtual");
}

// Attributes that are kept as text: how many words lead, the value behind them goes up to the next attribute.
void textual(StatementCursor& cursor, ColumnDefinition& column) {
  const size_t start = cursor.position();
  if (cursor.accept("references")) {
    ObjectName table;
    cursor.name(table);
    if (cursor.is_symbol("(")) cursor.skip_element();
    while (cursor.is("match") || (cursor.is("on") && cursor.is_one_of({"delete", "update"}, 1))) {
      cursor.advance(2);
      if (cursor.accept("set") || cursor.accept("no")) cursor.advance();
      cursor.accept_one_of({"restrict", "cascade"});
    }
  } else if (cursor.accept_one_of({"check", "constraint"})) {
    while (!at_element_end(cursor) && !cursor.is_symbol("(")) cursor.advance();
    if (cursor.is_symbol("(")) cursor.skip_element();
    cursor.accept({"not", "enforced"});
    cursor.accept("enforced");
  } else {
    to_attribute(cursor);
  }
  column.constraints.push_back(cursor.source(start, cursor.position()));
}

}  // namespace

bool column_definition(StatementCursor& cursor, ColumnDefinition& column) {
  if (!cursor.is_name()) return false;
  column.name = cursor.identifier();
  // A MariaDB column of a system-versioned table or MySQL's hidden forms always write a type.
  if (cursor.kind() != TokenKind::kWord) return false;
  column.type = to_attribute(cursor);
  while (!at_element_end(cursor) && !cursor.is_one_of({"first", "after"})) {
    const size_t before = cursor.position();
    if (cursor.accept({"not", "null"})) {
      column.not_null = true;
    } else if (cursor.accept("null")) {
      continue;
    } else if (cursor.accept("default")) {
      column.default_expression = to_attribute(cursor);
    } else if (cursor.accept("unique")) {
      cursor.accept("key");
      column.unique = true;
    } else if (cursor.accept({"primary", "key"}) || cursor.accept("key")) {
      column.primary_key = true;
    } else if (cursor.accept("collate")) {
      cursor.accept_symbol("=");
      column.collation = to_attribute(cursor);
    } else if (cursor.is_one_of({"generated", "as"})) {
      generated(cursor, column);
    } else {
      textual(cursor, column);
    }
    if (cursor.position() == before) return false;
  }
  return true;
}

}  // namespace schemaguard::parser::mysql
