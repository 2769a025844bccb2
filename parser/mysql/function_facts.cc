#include "parser/mysql/function_facts.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "parser/mysql/plain_functions.h"
#include "parser/mysql/scan_words.h"
#include "parser/words.h"

namespace schemaguard::parser::mysql {
namespace {

struct FunctionRow {
  std::string_view name;
  StatementClass statement_class;
};
// Functions that read or write files, run text, act on the server, or hold locks (M36, M37, M38).
constexpr std::array<FunctionRow, 25> kFunctions = {{
    {"load_file", StatementClass::kServerFile},
    {"setval", StatementClass::kDestructive},
    {"get_lock", StatementClass::kQuery},
    {"release_lock", StatementClass::kQuery},
    {"release_all_locks", StatementClass::kQuery},
    {"sys_exec", StatementClass::kOpaque},
    {"sys_eval", StatementClass::kOpaque},
    {"sys_set", StatementClass::kOpaque},
    {"spider_direct_sql", StatementClass::kOpaque},
    {"spider_bg_direct_sql", StatementClass::kOpaque},
    {"spider_copy_tables", StatementClass::kOpaque},
    {"spider_flush_table_mon_cache", StatementClass::kAdmin},
    {"mysql_query_rewrite", StatementClass::kCluster},
    {"load_rewrite_rules", StatementClass::kCluster},
    {"group_replication_set_as_primary", StatementClass::kCluster},
    {"group_replication_switch_to_single_primary_mode", StatementClass::kCluster},
    {"group_replication_switch_to_multi_primary_mode", StatementClass::kCluster},
    {"group_replication_set_communication_protocol", StatementClass::kCluster},
    {"asynchronous_connection_failover_add_source", StatementClass::kCluster},
    {"asynchronous_connection_failover_delete_source", StatementClass::kCluster},
    {"asynchronous_connection_failover_add_managed", StatementClass::kCluster},
    {"audit_log_filter_set_filter", StatementClass::kCluster},
    {"audit_log_filter_set_user", StatementClass::kCluster},
    {"audit_log_filter_remove_user", StatementClass::kCluster},
    {"audit_log_filter_remove_filter", StatementClass::kCluster},
}};

// The name in front of a '(' owns the columns between the brackets: INSERT INTO t (…), WITH c (…), AS x (…),
// (SELECT …) x (…). `cursor` stands at the first part of the name, `opening` at the '('.
bool lists_columns(StatementCursor cursor, StatementCursor opening) {
  opening.skip_element();
  if (opening.is("as") && opening.is_symbol("(", 1)) return true;
  if (cursor.position() == 0) return false;
  cursor.seek(cursor.position() - 1);
  if (cursor.is_symbol(")") || cursor.is_one_of({"as", "with", "recursive", "into", "table"})) return true;
  while (cursor.position() > 0 && cursor.is_one_of({"low_priority", "delayed", "high_priority", "ignore"})) {
    cursor.seek(cursor.position() - 1);
  }
  return cursor.is_one_of({"insert", "replace"});
}

}  // namespace

void call_facts(const StatementCursor& cursor, StatementFacts& facts) {
  if (!cursor.is_name() || !cursor.is_symbol("(", 1)) return;
  StatementCursor opening = cursor;
  const std::string name = to_lower(opening.identifier());
  StatementCursor start = cursor;
  std::string schema;
  while (start.position() >= 2) {
    StatementCursor before = start;
    before.seek(start.position() - 2);
    if (!before.is_name() || !before.is_symbol(".", 1)) break;
    start = before;
    schema.insert(0, before.identifier() + ".");
  }
  if (schema.empty()) {
    if (cursor.kind() == TokenKind::kWord && find_word(fold_word(cursor.token_text())) != Word::kName &&
        cursor.token_text().size() <= 16) {
      return;
    }
    if (is_plain_function_name(name)) return;
  }
  if (lists_columns(start, opening)) return;
  const auto row = std::find_if(kFunctions.begin(), kFunctions.end(),
                                [&](const FunctionRow& function) { return function.name == name; });
  facts.functions.push_back(schema + name);
  if (row == kFunctions.end()) {
    facts.classes.add(StatementClass::kOpaque);
    if (facts.opaque == OpaqueReason::kNone) facts.opaque = OpaqueReason::kUnprovedRoutine;
    return;
  }
  facts.classes.add(row->statement_class);
  if (row->statement_class == StatementClass::kOpaque) facts.opaque = OpaqueReason::kRunsSqlText;
}

}  // namespace schemaguard::parser::mysql
