#include "policies/audit/facts_json.h"

#include <algorithm>
#include <string_view>

#include "policies/audit/facts_words.h"
#include "policies/audit/redaction.h"
#include "policies/audit/secret_words.h"
#include "policies/json/json_text.h"
#include "policies/rules/builtin_policy.h"

namespace schemaguard::policies {

namespace {

using parser::Change;
using parser::ColumnDefinition;
using parser::ObjectUse;
using parser::SettingChange;
using parser::StatementFacts;

constexpr size_t kNameBytesMax = 256;
constexpr size_t kClauseBytesMax = 2048;

// Opens a member of the object being written: `,"name":`, without the comma behind "{".
void open_member(std::string& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  append_pieces(out, {"\"", name, "\":"});
}

void open_element(std::string& out) {
  if (out.back() != '[') out.push_back(',');
}

void add_name(std::string& out, std::string_view member, std::string_view value) {
  if (value.empty()) return;
  open_member(out, member);
  append_json_string(out, value, kNameBytesMax);
}

void add_flag(std::string& out, std::string_view member, bool value) {
  if (!value) return;
  open_member(out, member);
  out += "true";
}

// Appends `"member":[…]` as far as it fits, and `"member_left_out":n` when it does not.
template <typename List, typename Append>
void add_list(std::string& out, std::string_view member, const List& list, size_t end_max, Append append) {
  if (list.empty()) return;
  open_member(out, member);
  out.push_back('[');
  size_t left = list.size();
  for (const auto& element : list) {
    if (out.size() >= end_max) break;
    open_element(out);
    append(out, element);
    --left;
  }
  out.push_back(']');
  if (left == 0) return;
  open_member(out, std::string(member) + "_left_out");
  out += std::to_string(left);
}

void append_object(std::string& out, const ObjectUse& use) {
  out.push_back('{');
  if (use.kind != parser::ObjectKind::kNone) add_name(out, "kind", parser::object_kind_name(use.kind));
  add_name(out, "catalog", use.name.catalog);
  add_name(out, "schema", use.name.schema);
  add_name(out, "name", use.name.name);
  add_name(out, "persistence", persistence_word(use.persistence));
  out.push_back('}');
}

// These are made of options and secrets; what they are called is enough.
bool definition_may_be_kept(const Change& change) {
  for (const std::string_view part : {"role", "user", "subscription", "server", "foreign", "wrapper", "setting"}) {
    if (contains_word_part(change.kind, part)) return false;
  }
  return true;
}

// Writes the texts of one change.
class ChangeTextWriter {
 public:
  ChangeTextWriter(std::string& out, const Change& change, const ChangeText& text, size_t end_max)
      : out_(out), change_(change), text_(text), end_max_(end_max) {}

  void write() {
    if (change_.column.has_value()) {
      open_member(out_, "column");
      append_column(*change_.column);
    }
    add_list(out_, "columns", change_.columns, end_max_,
             [this](std::string&, const ColumnDefinition& column) { append_column(column); });
    if (!names_a_secret(change_.member)) add_clause("definition", change_.definition);
  }

 private:
  [[nodiscard]] std::string redacted(std::string_view clause) const {
    if (text_.mysql) return redact_mysql_clause(clause, change_.kind, text_.reading, kClauseBytesMax);
    return redact_postgres_clause(clause, kClauseBytesMax);
  }

  void add_clause(std::string_view member, std::string_view clause) {
    if (clause.empty()) return;
    open_member(out_, member);
    append_json_string(out_, redacted(clause), kClauseBytesMax);
  }

  void append_column(const ColumnDefinition& column) {
    out_.push_back('{');
    add_name(out_, "name", column.name);
    add_name(out_, "type", column.type);
    add_name(out_, "collation", column.collation);
    if (names_a_secret(column.name)) {
      add_name(out_, "default", column.default_expression.empty() ? "" : "'***'");
    } else {
      add_clause("default", column.default_expression);
    }
    add_clause("generated", column.generated_expression);
    add_flag(out_, "not_null", column.not_null);
    add_flag(out_, "primary_key", column.primary_key);
    add_flag(out_, "unique", column.unique);
    if (column.identity != '\0') add_name(out_, "identity", column.identity == 'a' ? "always" : "by_default");
    if (column.generated != '\0') add_name(out_, "generated_as", column.generated == 's' ? "stored" : "virtual");
    add_list(out_, "constraints", column.constraints, end_max_, [this](std::string& out, const std::string& clause) {
      append_json_string(out, redacted(clause), kClauseBytesMax);
    });
    out_.push_back('}');
  }

  std::string& out_;
  const Change& change_;
  const ChangeText& text_;
  size_t end_max_;
};

void append_change(std::string& out, const Change& change, const ChangeText& text, size_t end_max) {
  out.push_back('{');
  add_name(out, "kind", change.kind);
  open_member(out, "object");
  append_object(out, change.object);
  if (change.relation.has_value()) {
    open_member(out, "relation");
    append_object(out, *change.relation);
  }
  add_name(out, "member", change.member);
  add_name(out, "new_name", change.new_name);
  if (out.size() < end_max && definition_may_be_kept(change)) ChangeTextWriter(out, change, text, end_max).write();
  add_flag(out, "if_exists", change.if_exists);
  add_flag(out, "if_not_exists", change.if_not_exists);
  add_flag(out, "cascade", change.cascade);
  add_flag(out, "concurrently", change.concurrently);
  add_flag(out, "shape_unknown", change.shape_unknown);
  out.push_back('}');
}

void append_setting(std::string& out, const SettingChange& setting) {
  out.push_back('{');
  add_name(out, "name", setting.name);
  if (setting.value.has_value() && setting_value_may_be_kept(setting.name)) {
    open_member(out, "value");
    append_json_string(out, *setting.value, kNameBytesMax);
  }
  add_name(out, "scope", scope_word(setting.scope));
  add_flag(out, "reset", setting.reset);
  out.push_back('}');
}

bool named_by_change(const StatementFacts& facts, const ObjectUse& use) {
  return std::any_of(facts.changes.begin(), facts.changes.end(), [&](const Change& change) {
    return change.object == use || (change.relation.has_value() && *change.relation == use);
  });
}

}  // namespace

void append_class_list(std::string& out, parser::ClassSet classes) {
  out.push_back('[');
  for (size_t index = 0; index < parser::kStatementClassCount; ++index) {
    const auto one = static_cast<parser::StatementClass>(index);
    if (!classes.has(one)) continue;
    open_element(out);
    append_pieces(out, {"\"", parser::class_name(one), "\""});
  }
  out.push_back(']');
}

size_t append_changes_json(std::string& out, const std::vector<Change>& changes, const ChangeText& text,
                           size_t bytes_max) {
  const size_t end_max = out.size() + bytes_max;
  // Three quarters for definitions, so that the changes behind a long one can still be named.
  const size_t definitions_end_max = end_max - bytes_max / 4;
  out.push_back('[');
  size_t left = changes.size();
  for (const Change& change : changes) {
    if (out.size() >= end_max) break;
    open_element(out);
    append_change(out, change, text, definitions_end_max);
    --left;
  }
  out.push_back(']');
  return left;
}

bool append_facts_json(std::string& out, const StatementFacts& facts, parser::ClassSet judged_classes,
                       size_t bytes_max) {
  const size_t start = out.size();
  const size_t end_max = start + bytes_max;
  out.push_back('{');
  if (facts.classes != judged_classes) {
    open_member(out, "class");
    append_class_list(out, facts.classes);
  }
  std::vector<ObjectUse> objects;
  // The list is looked through once per change: bounded, because a text with thousands of both is cut anyway.
  constexpr size_t kObjectsMax = 256;
  for (const ObjectUse& use : facts.objects) {
    if (objects.size() == kObjectsMax) break;
    if (!named_by_change(facts, use)) objects.push_back(use);
  }
  add_list(out, "objects", objects, end_max, append_object);
  add_list(out, "written", facts.written, end_max, append_object);
  add_list(out, "functions", facts.functions, end_max,
           [](std::string& text, const std::string& function) { append_json_string(text, function, kNameBytesMax); });
  add_list(out, "settings", facts.settings, end_max, append_setting);
  add_name(out, "opaque", opaque_reason_name(facts.opaque));
  add_name(out, "copy", copy_word(facts.copy));
  add_flag(out, "explain", facts.explain);
  add_flag(out, "embedded_commit", facts.embedded_commit);
  add_name(out, "unread_reason", facts.unread_reason);
  if (out.size() == start + 1) {
    out.pop_back();
    return false;
  }
  out.push_back('}');
  return true;
}

}  // namespace schemaguard::policies
