#include "parser/statement_facts.h"

#include <array>

namespace schemaguard::parser {
namespace {

// In the order of StatementClass.
constexpr std::array<std::string_view, kStatementClassCount> kClassNames = {
    "query",   "session",     "transaction", "temporary", "schema", "setting",       "server_file",   "access",
    "cluster", "destructive", "maintenance", "admin",     "opaque", "catalog_write", "history_write", "unread",
};

// In the order of ObjectKind.
constexpr std::array<std::string_view, 39> kObjectKindNames = {
    "none",
    "table",
    "view",
    "materialized_view",
    "foreign_table",
    "index",
    "sequence",
    "schema",
    "database",
    "type",
    "domain",
    "function",
    "procedure",
    "aggregate",
    "operator",
    "trigger",
    "event_trigger",
    "rule",
    "policy",
    "role",
    "extension",
    "tablespace",
    "publication",
    "subscription",
    "statistics",
    "server",
    "foreign_data_wrapper",
    "user_mapping",
    "language",
    "cast",
    "collation",
    "conversion",
    "transform",
    "access_method",
    "text_search",
    "large_object",
    "column",
    "constraint",
    "event",
};
static_assert(static_cast<size_t>(ObjectKind::kOther) == kObjectKindNames.size());

}  // namespace

std::string_view class_name(StatementClass statement_class) {
  return kClassNames.at(static_cast<size_t>(statement_class));
}

std::optional<StatementClass> class_from_name(std::string_view name) {
  for (size_t index = 0; index < kClassNames.size(); ++index) {
    if (kClassNames.at(index) == name) return static_cast<StatementClass>(index);
  }
  return std::nullopt;
}

std::string_view object_kind_name(ObjectKind kind) {
  return kind == ObjectKind::kOther ? "other" : kObjectKindNames.at(static_cast<size_t>(kind));
}

std::string ObjectName::display() const { return schema.empty() ? name : schema + "." + name; }

}  // namespace schemaguard::parser
