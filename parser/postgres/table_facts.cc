#include "parser/postgres/table_facts.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "parser/postgres/columns.h"
#include "parser/postgres/extensions.h"
#include "parser/postgres/function_facts.h"
#include "parser/postgres/names.h"
#include "parser/postgres/objects.h"
#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

// The tokens behind a relation's name, to the end of the statement or of the bracket that holds it.
TokenRange after_relation(const TreeNode& range_var, const StatementSource& source) {
  const std::optional<size_t> offset = location(range_var);
  if (!offset) return {};
  const size_t first = source.clauses.behind_name(*offset);
  return {.first = first, .last = source.statement.last};
}

void partition_facts(const TreeNode& node, Change& change) {
  if (has(node, "ofTypename") || has(node, "partbound") || !list(node, "inhRelations").empty()) {
    change.shape_unknown = true;
  }
  for (const boost::json::value& parent : list(node, "inhRelations")) {
    const TypedNode range_var = typed_node(parent);
    if (range_var.type != "RangeVar" || change.relation) continue;
    change.relation = existing_relation(ObjectKind::kTable, *range_var.fields);
  }
}

// A temporary table may be a child of a persistent one, which is changed by that: it is read with all its children from
// now on, and cannot be altered without them. (A partition is always as lasting as its parent.)
void inheritance_facts(const TreeNode& node, StatementFacts& facts) {
  if (has(node, "partbound") || facts.changes.back().object.persistence != Persistence::kTemporary) return;
  for (const boost::json::value& parent : list(node, "inhRelations")) {
    const TypedNode range_var = typed_node(parent);
    if (range_var.type != "RangeVar") continue;
    const ObjectUse child = facts.changes.front().object;
    Change& change = add_change(facts, "add_inherit", child);
    change.relation = existing_relation(ObjectKind::kTable, *range_var.fields);
    facts.classes.add(StatementClass::kSchema);
  }
}

// PostgreSQL lets rows be written through a view of one relation; these hold what no session may write like that. The
// views of statistics have functions and joins behind them.
bool is_writable_system_relation(const ObjectName& name) {
  constexpr std::array<std::string_view, 4> kReadOnly = {"pg_stat_", "pg_statio_", "pg_stats", "pg_locks"};
  return is_system_relation(name) && std::none_of(kReadOnly.begin(), kReadOnly.end(), [&](std::string_view start) {
           return std::string_view(name.name).starts_with(start);
         });
}

// Whether an UPDATE of a view with this query is one of a system relation behind it.
bool writes_pass_to_system_relation(const TypedNode& query) {
  if (query.type != "SelectStmt") return false;
  const TreeNode& select = *query.fields;
  for (const std::string_view field :
       {"distinctClause", "groupClause", "havingClause", "limitCount", "limitOffset", "withClause", "larg"}) {
    if (has(select, field)) return false;
  }
  const TreeList& from = list(select, "fromClause");
  if (from.size() != 1) return false;
  const TypedNode relation = typed_node(from[0]);
  return relation.type == "RangeVar" && is_writable_system_relation(relation_name(*relation.fields, ""));
}

Change& table_change(const TreeNode& node, ObjectKind kind, std::string_view change_kind, const StatementSource& source,
                     StatementFacts& facts) {
  static const TreeNode kNoRelation;
  const TreeNode* found = child(node, "relation");
  const TreeNode& range_var = found == nullptr ? kNoRelation : *found;
  Change& change = add_change(facts, change_kind, created_relation(kind, range_var, source.enclosing_schema));
  change.if_not_exists = flag(node, "if_not_exists");
  read_table_elements(list(node, "tableElts"), after_relation(range_var, source), source.clauses, change);
  partition_facts(node, change);
  return change;
}

// Names that CREATE … AS and the rest share: kind, symbol and tag of what is made.
struct CreatedAs {
  ObjectKind kind;
  std::string_view change;
  std::string_view command;
};
CreatedAs created_as(std::string_view symbol) {
  if (symbol == "OBJECT_MATVIEW") {
    return {ObjectKind::kMaterializedView, "create_materialized_view", "CREATE MATERIALIZED VIEW"};
  }
  return {ObjectKind::kTable, "create_table", "CREATE TABLE AS"};
}

// The class of dropping objects of this kind, where it is not that of an ordinary schema object.
std::optional<StatementClass> drop_class(const ObjectType& type, const NamedObject& named) {
  switch (type.kind) {
    case ObjectKind::kPolicy:
      return StatementClass::kAccess;
    case ObjectKind::kEventTrigger:
      return StatementClass::kCluster;
    case ObjectKind::kExtension:
      return extension_class(named.object.name.name);
    case ObjectKind::kNone:
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kMaterializedView:
    case ObjectKind::kForeignTable:
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
    case ObjectKind::kSchema:
    case ObjectKind::kDatabase:
    case ObjectKind::kType:
    case ObjectKind::kDomain:
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kAggregate:
    case ObjectKind::kOperator:
    case ObjectKind::kTrigger:
    case ObjectKind::kRule:
    case ObjectKind::kRole:
    case ObjectKind::kTablespace:
    case ObjectKind::kPublication:
    case ObjectKind::kSubscription:
    case ObjectKind::kStatistics:
    case ObjectKind::kServer:
    case ObjectKind::kForeignDataWrapper:
    case ObjectKind::kUserMapping:
    case ObjectKind::kLanguage:
    case ObjectKind::kCast:
    case ObjectKind::kCollation:
    case ObjectKind::kConversion:
    case ObjectKind::kTransform:
    case ObjectKind::kAccessMethod:
    case ObjectKind::kTextSearch:
    case ObjectKind::kLargeObject:
    case ObjectKind::kColumn:
    case ObjectKind::kConstraint:
    case ObjectKind::kEvent:
    case ObjectKind::kOther:
      return std::nullopt;
  }
  return std::nullopt;
}

// The tokens of each element of CREATE SCHEMA: every one begins with CREATE or GRANT, reserved words that stand nowhere
// else outside brackets but in GRANT CREATE.
std::vector<TokenRange> element_ranges(size_t element_count, const StatementSource& source) {
  const ClauseCutter& clauses = source.clauses;
  std::vector<TokenRange> ranges;
  size_t depth = 0;
  for (size_t token = source.statement.first + 1; token < source.statement.last; ++token) {
    const std::string_view word = clauses.token_text(token);
    if (word == "(") ++depth;
    if (word == ")" && depth > 0) --depth;
    if (depth > 0 || !(clauses.is(token, "create") || clauses.is(token, "grant"))) continue;
    if (clauses.is(token - 1, "grant") || clauses.is(token - 1, ",")) continue;
    if (!ranges.empty()) ranges.back().last = token;
    ranges.push_back({.first = token, .last = source.statement.last});
  }
  if (ranges.size() != element_count) ranges.assign(element_count, TokenRange{});
  return ranges;
}

}  // namespace

void create_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE TABLE";
  table_change(node, ObjectKind::kTable, "create_table", source, facts);
  classify_changes(facts);
  inheritance_facts(node, facts);
  collect_stored_functions(node, facts);
}

void create_foreign_table_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE FOREIGN TABLE";
  if (const TreeNode* base = child(node, "base_stmt")) {
    table_change(*base, ObjectKind::kForeignTable, "create_foreign_table", source, facts);
  } else if (const TreeNode* older = child(node, "base")) {
    table_change(*older, ObjectKind::kForeignTable, "create_foreign_table", source, facts);
  }
  facts.classes.add(StatementClass::kSchema);
}

void into_clause_facts(const TreeNode& into, StatementFacts& facts) {
  const TreeNode* relation = child(into, "rel");
  if (relation == nullptr) {
    facts.classes.add(StatementClass::kSchema);
    return;
  }
  Change& change = add_change(facts, "create_table", created_relation(ObjectKind::kTable, *relation));
  change.shape_unknown = true;
  facts.classes.add(change.object.persistence == Persistence::kTemporary ? StatementClass::kTemporary
                                                                         : StatementClass::kSchema);
}

void create_table_as_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  const CreatedAs created = created_as(text(node, "objtype"));
  facts.command = flag(node, "is_select_into") ? "SELECT INTO" : std::string(created.command);
  const TreeNode* into = child(node, "into");
  const TreeNode* relation = into == nullptr ? nullptr : child(*into, "rel");
  if (relation == nullptr) {
    facts.classes.add(StatementClass::kSchema);
    return;
  }
  Change& change = add_change(facts, created.change, created_relation(created.kind, *relation));
  change.shape_unknown = true;
  change.if_not_exists = flag(node, "if_not_exists");
  change.definition = source.clauses.text(source.statement);
  classify_changes(facts);
  // The query runs now: what it calls counts as called. EXECUTE of a prepared statement may stand here too.
  if (const TypedNode query = typed_child(node, "query")) {
    StatementFacts inner;
    read_node(query, source, inner);
    inner.classes.remove(StatementClass::kQuery);
    fold_in(facts, inner);
    facts.prepared = inner.prepared;
    facts.prepared_name = inner.prepared_name;
  }
}

void view_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE VIEW";
  const TreeNode* view = child(node, "view");
  if (view == nullptr) {
    facts.classes.add(StatementClass::kSchema);
    return;
  }
  Change& change =
      add_change(facts, "create_view", created_relation(ObjectKind::kView, *view, source.enclosing_schema));
  change.shape_unknown = list(node, "aliases").empty();
  change.definition = source.clauses.text(source.statement);
  const TypedNode query = typed_child(node, "query");
  // A temporary name for a catalog would hide every write to it, so it counts as a lasting one.
  if (writes_pass_to_system_relation(query)) change.object.persistence = Persistence::kPersistent;
  classify_changes(facts);
  if (query) collect_stored_functions(node, facts);
}

void create_sequence_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE SEQUENCE";
  const TreeNode* sequence = child(node, "sequence");
  if (sequence != nullptr) {
    Change& change = add_change(facts, "create_sequence",
                                created_relation(ObjectKind::kSequence, *sequence, source.enclosing_schema));
    change.if_not_exists = flag(node, "if_not_exists");
    change.definition = source.clauses.text(source.statement);
    classify_changes(facts);
  } else {
    facts.classes.add(StatementClass::kSchema);
  }
}

void alter_sequence_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "ALTER SEQUENCE";
  const TreeNode* sequence = child(node, "sequence");
  if (sequence == nullptr) {
    facts.classes.add(StatementClass::kSchema);
    return;
  }
  Change& change = add_change(facts, "alter_sequence", existing_relation(ObjectKind::kSequence, *sequence));
  change.if_exists = flag(node, "missing_ok");
  change.definition = source.clauses.text(source.statement);
  classify_changes(facts);
  for (const boost::json::value& item : list(node, "options")) {
    const TypedNode option = typed_node(item);
    // Restarting a sequence is a write to its data (evasion 31) besides being an ALTER.
    if (option && text(*option.fields, "defname") == "restart") facts.classes.add(StatementClass::kDestructive);
  }
}

void truncate_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  facts.command = "TRUNCATE TABLE";
  for (const boost::json::value& item : list(node, "relations")) {
    const TypedNode range_var = typed_node(item);
    if (range_var.type != "RangeVar") continue;
    const ObjectUse table = existing_relation(ObjectKind::kTable, *range_var.fields);
    add_object(facts, table);
    facts.written.push_back(table);
    facts.classes.add(table.persistence == Persistence::kTemporary ? StatementClass::kTemporary
                                                                   : StatementClass::kDestructive);
    if (is_system_relation(table.name)) facts.classes.add(StatementClass::kCatalogWrite);
  }
  if (facts.classes.empty()) facts.classes.add(StatementClass::kDestructive);
}

void drop_facts(const TreeNode& node, const StatementSource&, StatementFacts& facts) {
  const ObjectType& type = object_type(text(node, "removeType"));
  facts.command = concat("DROP ", type.words);
  const std::string kind = concat("drop_", type.name);
  for (const boost::json::value& item : list(node, "objects")) {
    const NamedObject named = named_object(type, item);
    Change& change = add_change(facts, kind, named);
    change.if_exists = flag(node, "missing_ok");
    change.cascade = text(node, "behavior") == "DROP_CASCADE";
    change.concurrently = flag(node, "concurrent");
    change.definition = named.arguments;
    const bool temporary = change.object.persistence == Persistence::kTemporary;
    const StatementClass ordinary = temporary ? StatementClass::kTemporary : StatementClass::kSchema;
    facts.classes.add(drop_class(type, named).value_or(ordinary));
  }
  if (facts.classes.empty()) facts.classes.add(StatementClass::kSchema);
}

void create_schema_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE SCHEMA";
  std::string name = clip_identifier(text(node, "schemaname"));
  const TreeNode* owner = child(node, "authrole");
  if (name.empty() && owner != nullptr) name = role_name(*owner);
  Change& change = add_change(facts, "create_schema", named_word(ObjectKind::kSchema, name));
  change.if_not_exists = flag(node, "if_not_exists");
  facts.classes.add(StatementClass::kSchema);
  // Names of the elements resolve inside the new schema (evasion 6).
  StatementSource inside = source;
  inside.enclosing_schema = name;
  const TreeList& elements = list(node, "schemaElts");
  const std::vector<TokenRange> ranges = element_ranges(elements.size(), source);
  for (size_t i = 0; i < elements.size(); ++i) {
    inside.statement = ranges[i];
    const boost::json::value& item = elements[i];
    StatementFacts element;
    read_node(typed_node(item), inside, element);
    fold_in(facts, element);
    facts.inner.push_back(std::move(element));
  }
}

void import_foreign_schema_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "IMPORT FOREIGN SCHEMA";
  Change& change =
      add_change(facts, "import_foreign_schema", named_word(ObjectKind::kSchema, text(node, "local_schema")));
  change.relation = named_word(ObjectKind::kServer, text(node, "server_name"));
  change.shape_unknown = true;
  change.definition = source.clauses.text(source.statement);
  facts.classes.add(StatementClass::kSchema);
}

void index_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE INDEX";
  const TreeNode* relation = child(node, "relation");
  if (relation == nullptr) {
    facts.classes.add(StatementClass::kSchema);
    return;
  }
  const ObjectUse table = existing_relation(ObjectKind::kTable, *relation, source.enclosing_schema);
  // An index lives where its table lives, in the table's schema, and is as lasting as its table.
  ObjectUse index = {.kind = ObjectKind::kIndex, .name = table.name, .persistence = table.persistence};
  index.name.name = clip_identifier(text(node, "idxname"));
  Change& change = add_change(facts, "create_index", index);
  change.relation = table;
  change.if_not_exists = flag(node, "if_not_exists");
  change.concurrently = flag(node, "concurrent");
  change.definition = source.clauses.text(source.statement);
  add_object(facts, table);
  classify_changes(facts);
  collect_functions(node, facts);
}

void create_statistics_facts(const TreeNode& node, const StatementSource& source, StatementFacts& facts) {
  facts.command = "CREATE STATISTICS";
  Change& change = add_change(facts, "create_statistics", named_parts(ObjectKind::kStatistics, list(node, "defnames")));
  change.if_not_exists = flag(node, "if_not_exists");
  change.definition = source.clauses.text(source.statement);
  const TreeList& relations = list(node, "relations");
  const TypedNode relation = relations.empty() ? TypedNode{} : typed_node(relations[0]);
  if (relation.type == "RangeVar") change.relation = existing_relation(ObjectKind::kTable, *relation.fields);
  facts.classes.add(StatementClass::kSchema);
}

}  // namespace schemaguard::parser::postgres
