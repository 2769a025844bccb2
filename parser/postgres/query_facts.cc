#include "parser/postgres/query_facts.h"

#include <algorithm>
#include <string>

#include "parser/postgres/function_facts.h"
#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"

namespace schemaguard::parser::postgres {
namespace {

void row_changing_facts(std::string_view command, const TreeNode& node, StatementFacts& facts) {
  facts.command = std::string(command);
  facts.classes.add(StatementClass::kQuery);
  if (const TreeNode* target = child(node, "relation")) written_relation_facts(*target, facts);
  collect_functions(node, facts);
}

}  // namespace

void select_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "SELECT";
  collect_functions(node, facts);
  const bool creates = !facts.changes.empty() || facts.classes.has(StatementClass::kSchema);
  if (creates) {
    facts.command = "SELECT INTO";
  } else {
    facts.classes.add(StatementClass::kQuery);
  }
}

void insert_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  row_changing_facts("INSERT", node, facts);
}

void update_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  row_changing_facts("UPDATE", node, facts);
}

void delete_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  row_changing_facts("DELETE", node, facts);
}

void merge_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  row_changing_facts("MERGE", node, facts);
}

void copy_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "COPY";
  facts.classes.add(StatementClass::kQuery);
  const bool from = flag(node, "is_from");
  if (flag(node, "is_program")) {
    facts.copy = CopyUse::kProgram;
  } else if (has(node, "filename")) {
    facts.copy = CopyUse::kServerFile;
  } else {
    facts.copy = from ? CopyUse::kFromStdin : CopyUse::kToStdout;
  }
  if (facts.copy == CopyUse::kProgram || facts.copy == CopyUse::kServerFile) {
    facts.classes.add(StatementClass::kServerFile);
  }
  if (const TreeNode* relation = child(node, "relation")) {
    if (from) written_relation_facts(*relation, facts);
    add_object(facts, existing_relation(ObjectKind::kTable, *relation));
  }
  if (const TypedNode query = typed_child(node, "query")) {
    StatementFacts inner;
    read_node(query, source, inner);
    fold_in(facts, inner);
    facts.inner.push_back(std::move(inner));
  }
  // COPY … FROM … WHERE calls functions of its own; the query's were found above.
  if (const TypedNode condition = typed_child(node, "whereClause")) collect_functions(node, facts);
}

void explain_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "EXPLAIN";
  facts.explain = true;
  StatementFacts inner;
  read_node(typed_child(node, "query"), source, inner);
  // Planning alone runs immutable functions and EXPLAIN of CREATE TABLE AS with ANALYZE creates the table: the inner
  // statement decides, ANALYZE or not (evasion 11, 86).
  fold_in(facts, inner);
  facts.prepared = inner.prepared;
  facts.prepared_name = inner.prepared_name;
  facts.inner.push_back(std::move(inner));
}

void declare_cursor_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  StatementFacts inner;
  read_node(typed_child(node, "query"), source, inner);
  fold_in(facts, inner);
  facts.command = "DECLARE CURSOR";
}

void fetch_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = flag(node, "ismove") ? "MOVE" : "FETCH";
  facts.classes.add(StatementClass::kQuery);
}

void close_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = has(node, "portalname") ? "CLOSE CURSOR" : "CLOSE CURSOR ALL";
  facts.classes.add(StatementClass::kQuery);
}

void prepare_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "PREPARE";
  facts.classes.add(StatementClass::kSession);
  facts.prepared = PreparedUse::kPrepare;
  facts.prepared_name = clip_identifier(text(node, "name"));
  StatementFacts inner;
  read_node(typed_child(node, "query"), source, inner);
  if (inner.classes.has(StatementClass::kUnread)) fold_in(facts, inner);
  facts.inner.push_back(std::move(inner));
}

void execute_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "EXECUTE";
  facts.classes.add(StatementClass::kQuery);
  facts.prepared = PreparedUse::kExecute;
  facts.prepared_name = clip_identifier(text(node, "name"));
  collect_functions(node, facts);
}

void deallocate_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.classes.add(StatementClass::kSession);
  const bool all = !has(node, "name");
  facts.command = all ? "DEALLOCATE ALL" : "DEALLOCATE";
  facts.prepared = all ? PreparedUse::kDeallocateAll : PreparedUse::kDeallocate;
  facts.prepared_name = clip_identifier(text(node, "name"));
}

void call_statement_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "CALL";
  facts.classes.add(StatementClass::kOpaque);
  if (const TreeNode* call = child(node, "funccall")) {
    const ObjectName name = qualified_name(strings_of(list(*call, "funcname")));
    call_facts(*call, facts);
    collect_functions(*call, facts);
    add_object(facts, {.kind = ObjectKind::kProcedure, .name = name});
  }
  facts.opaque = std::max(facts.opaque, OpaqueReason::kProcedureCall);
}

}  // namespace schemaguard::parser::postgres
