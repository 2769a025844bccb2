#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "policies/audit/facts_json.h"
#include "policies/audit/facts_words.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {

namespace {

using boost::json::object;
using boost::json::value;
using parser::Change;
using parser::ColumnDefinition;
using parser::ObjectUse;
using parser::SettingChange;
using parser::StatementFacts;

// Reads members and remembers the first one that is not as expected, so that callers need not ask each time.
class Reader {
 public:
  [[nodiscard]] const absl::Status& status() const { return status_; }

  const value* find(const object& from, std::string_view name) const {
    return from.if_contains(boost::json::string_view(name.data(), name.size()));
  }

  std::string text(const object& from, std::string_view name) {
    const value* found = find(from, name);
    if (found == nullptr) return {};
    if (found->is_string()) return {found->get_string().data(), found->get_string().size()};
    fail(name, "is no string");
    return {};
  }

  bool flag(const object& from, std::string_view name) {
    const value* found = find(from, name);
    return found != nullptr && found->is_bool() && found->get_bool();
  }

  template <typename Element, typename Read>
  std::vector<Element> list(const object& from, std::string_view name, Read read) {
    std::vector<Element> elements;
    const value* found = find(from, name);
    if (found == nullptr) return elements;
    if (!found->is_array()) {
      fail(name, "is no list");
      return elements;
    }
    for (const value& element : found->get_array()) elements.push_back(read(element));
    return elements;
  }

  template <typename Enumerator>
  Enumerator word(const object& from, std::string_view name, std::optional<Enumerator> (*from_word)(std::string_view)) {
    const std::string found = text(from, name);
    const std::optional<Enumerator> enumerator = from_word(found);
    if (!enumerator.has_value()) fail(name, concatenate({"is \"", found, "\", which this version does not know"}));
    return enumerator.value_or(Enumerator{});
  }

  std::vector<std::string> texts(const object& from, std::string_view name) {
    return list<std::string>(from, name, [&](const value& element) {
      if (!element.is_string()) {
        fail(name, "holds something else than strings");
        return std::string();
      }
      return std::string(element.get_string().data(), element.get_string().size());
    });
  }

  const object& as_object(const value& element, std::string_view name) {
    static const object nothing;
    if (element.is_object()) return element.get_object();
    fail(name, "holds something else than objects");
    return nothing;
  }

  void fail(std::string_view name, std::string_view what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(concatenate({"member ", name, " ", what}));
  }

 private:
  absl::Status status_;
};

ObjectUse read_use(Reader& reader, const value& element, std::string_view name) {
  const object& from = reader.as_object(element, name);
  ObjectUse use;
  use.kind = reader.word<parser::ObjectKind>(from, "kind", object_kind_from_word);
  use.name = {reader.text(from, "catalog"), reader.text(from, "schema"), reader.text(from, "name")};
  use.persistence = reader.word<parser::Persistence>(from, "persistence", persistence_from_word);
  return use;
}

ColumnDefinition read_column(Reader& reader, const value& element) {
  const object& from = reader.as_object(element, "column");
  ColumnDefinition column;
  column.name = reader.text(from, "name");
  column.type = reader.text(from, "type");
  column.collation = reader.text(from, "collation");
  column.default_expression = reader.text(from, "default");
  column.generated_expression = reader.text(from, "generated");
  column.not_null = reader.flag(from, "not_null");
  column.primary_key = reader.flag(from, "primary_key");
  column.unique = reader.flag(from, "unique");
  const std::string identity = reader.text(from, "identity");
  if (!identity.empty()) column.identity = identity == "always" ? 'a' : 'd';
  const std::string generated = reader.text(from, "generated_as");
  if (!generated.empty()) column.generated = generated == "stored" ? 's' : 'v';
  column.constraints = reader.texts(from, "constraints");
  return column;
}

Change read_change(Reader& reader, const value& element) {
  const object& from = reader.as_object(element, "changes");
  Change change;
  change.kind = reader.text(from, "kind");
  if (const value* use = reader.find(from, "object"); use != nullptr) change.object = read_use(reader, *use, "object");
  if (const value* use = reader.find(from, "relation"); use != nullptr) {
    change.relation = read_use(reader, *use, "relation");
  }
  change.member = reader.text(from, "member");
  change.new_name = reader.text(from, "new_name");
  if (const value* column = reader.find(from, "column"); column != nullptr) {
    change.column = read_column(reader, *column);
  }
  change.columns =
      reader.list<ColumnDefinition>(from, "columns", [&](const value& one) { return read_column(reader, one); });
  change.definition = reader.text(from, "definition");
  change.if_exists = reader.flag(from, "if_exists");
  change.if_not_exists = reader.flag(from, "if_not_exists");
  change.cascade = reader.flag(from, "cascade");
  change.concurrently = reader.flag(from, "concurrently");
  change.shape_unknown = reader.flag(from, "shape_unknown");
  return change;
}

SettingChange read_setting(Reader& reader, const value& element) {
  const object& from = reader.as_object(element, "settings");
  SettingChange setting;
  setting.name = reader.text(from, "name");
  if (reader.find(from, "value") != nullptr) setting.value = reader.text(from, "value");
  setting.scope = reader.word<SettingChange::Scope>(from, "scope", scope_from_word);
  setting.reset = reader.flag(from, "reset");
  return setting;
}

void read_classes(Reader& reader, const object& record, StatementFacts& facts) {
  for (const std::string& name : reader.texts(record, "class")) {
    const auto one = parser::class_from_name(name);
    if (one.has_value()) {
      facts.classes.add(*one);
    } else {
      reader.fail("class", concatenate({"is \"", name, "\", which this version does not know"}));
    }
  }
}

// The facts as the reader of statements made them: records written without `facts` have names only.
void read_more(Reader& reader, const object& record, StatementFacts& facts) {
  for (const Change& change : facts.changes) facts.objects.push_back(change.object);
  const value* more = reader.find(record, "facts");
  if (more == nullptr || !more->is_object()) {
    if (!facts.objects.empty()) return;
    for (const std::string& name : reader.texts(record, "objects")) {
      const size_t dot = name.find('.');
      ObjectUse use;
      if (dot != std::string::npos) use.name.schema = name.substr(0, dot);
      use.name.name = dot == std::string::npos ? name : name.substr(dot + 1);
      facts.objects.push_back(std::move(use));
    }
    return;
  }
  const object& from = more->get_object();
  const auto uses = [&](std::string_view name) {
    return reader.list<ObjectUse>(from, name, [&, name](const value& one) { return read_use(reader, one, name); });
  };
  // The classes before a session's temporary names were applied.
  if (reader.find(from, "class") != nullptr) {
    facts.classes = {};
    read_classes(reader, from, facts);
  }
  for (ObjectUse& use : uses("objects")) facts.objects.push_back(std::move(use));
  facts.written = uses("written");
  facts.functions = reader.texts(from, "functions");
  facts.settings =
      reader.list<SettingChange>(from, "settings", [&](const value& one) { return read_setting(reader, one); });
  facts.opaque = reader.word<parser::OpaqueReason>(from, "opaque", opaque_from_word);
  facts.copy = reader.word<parser::CopyUse>(from, "copy", copy_from_word);
  facts.explain = reader.flag(from, "explain");
  facts.embedded_commit = reader.flag(from, "embedded_commit");
  facts.unread_reason = reader.text(from, "unread_reason");
}

}  // namespace

absl::StatusOr<StatementFacts> facts_from_record(const object& record) {
  Reader reader;
  StatementFacts facts;
  read_classes(reader, record, facts);
  facts.command = reader.text(record, "command");
  facts.changes = reader.list<Change>(record, "changes", [&](const value& one) { return read_change(reader, one); });
  read_more(reader, record, facts);
  if (!reader.status().ok()) return reader.status();
  return facts;
}

SessionNames names_from_record(const object& record) {
  Reader reader;
  SessionNames names;
  names.temporary = reader.texts(record, "temporary_names");
  names.search_path = reader.texts(record, "search_path");
  names.search_path_certain = !names.search_path.empty();
  names.of_mysql = reader.text(record, "engine") == "mysql";
  names.name_case = name_case_from_word(reader.text(record, "name_case"));
  if (names.search_path.empty() && !names.of_mysql) names.search_path = {"public"};
  return names;
}

}  // namespace schemaguard::policies
