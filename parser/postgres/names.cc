#include "parser/postgres/names.h"

#include <array>
#include <utility>

#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

constexpr std::string_view kTemporarySchema = "pg_temp";

// Internal type names and what format_type prints for them; "(" marks where modifiers stand.
struct PrintedType {
  std::string_view internal;
  std::string_view before;
  std::string_view after;
};
constexpr std::array<PrintedType, 16> kPrintedTypes = {{
    {"bool", "boolean", ""},
    {"int2", "smallint", ""},
    {"int4", "integer", ""},
    {"int8", "bigint", ""},
    {"float4", "real", ""},
    {"float8", "double precision", ""},
    {"numeric", "numeric", ""},
    {"varchar", "character varying", ""},
    {"bpchar", "character", ""},
    {"bit", "bit", ""},
    {"varbit", "bit varying", ""},
    {"timestamp", "timestamp", " without time zone"},
    {"timestamptz", "timestamp", " with time zone"},
    {"time", "time", " without time zone"},
    {"timetz", "time", " with time zone"},
    {"interval", "interval", ""},
}};

std::string quote_if_needed(std::string_view name) {
  bool plain = !name.empty() && (is_lower_letter(name[0]) || name[0] == '_');
  for (const char c : name) {
    plain = plain && (is_lower_letter(c) || is_digit(c) || c == '_' || c == '$');
  }
  // `char` the keyword means character(1); the type of that name is always printed with quotes.
  if (plain && name != "char") return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string modifier_text(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  if (node.type == "ColumnRef") return join(strings_of(list(*node.fields, "fields")), ".");
  if (node.type == "A_Const" && child(*node.fields, "sval") != nullptr) {
    return concat("'", constant_text(value).value_or(""), "'");
  }
  return constant_text(value).value_or("?");
}

// The fields of an interval, from the bit mask that the grammar stores as the first modifier.
std::string_view interval_fields(int64_t mask) {
  constexpr int64_t kMonth = 1 << 1;
  constexpr int64_t kYear = 1 << 2;
  constexpr int64_t kDay = 1 << 3;
  constexpr int64_t kHour = 1 << 10;
  constexpr int64_t kMinute = 1 << 11;
  constexpr int64_t kSecond = 1 << 12;
  constexpr std::array<std::pair<int64_t, std::string_view>, 13> kFields = {{
      {kYear, " year"},
      {kMonth, " month"},
      {kDay, " day"},
      {kHour, " hour"},
      {kMinute, " minute"},
      {kSecond, " second"},
      {kYear | kMonth, " year to month"},
      {kDay | kHour, " day to hour"},
      {kDay | kHour | kMinute, " day to minute"},
      {kDay | kHour | kMinute | kSecond, " day to second"},
      {kHour | kMinute, " hour to minute"},
      {kHour | kMinute | kSecond, " hour to second"},
      {kMinute | kSecond, " minute to second"},
  }};
  for (const auto& [fields, words] : kFields) {
    if (fields == mask) return words;
  }
  return "";
}

std::string interval_text(const TreeList& modifiers) {
  std::string printed = "interval";
  if (modifiers.empty()) return printed;
  const std::string mask = modifier_text(modifiers[0]);
  int64_t bits = 0;
  for (const char c : mask) {
    if (!is_digit(c) || bits > 0x7FFF) return printed;
    bits = bits * 10 + (c - '0');
  }
  printed += interval_fields(bits);
  if (modifiers.size() > 1) printed += concat("(", modifier_text(modifiers[1]), ")");
  return printed;
}

std::string base_type_text(const std::vector<std::string_view>& names, const TreeList& modifiers) {
  const std::string_view name = names.empty() ? std::string_view() : names.back();
  const bool built_in = names.size() == 1 || (names.size() == 2 && names[0] == "pg_catalog");
  std::vector<std::string> texts;
  for (const boost::json::value& modifier : modifiers) texts.push_back(modifier_text(modifier));
  const std::string arguments = texts.empty() ? "" : concat("(", join(texts, ","), ")");
  if (built_in && name == "interval") return interval_text(modifiers);
  if (built_in && !(name == "bpchar" && texts.empty())) {
    for (const PrintedType& printed : kPrintedTypes) {
      if (printed.internal == name) return concat(printed.before, arguments, printed.after);
    }
  }
  std::vector<std::string> quoted;
  for (size_t i = names.size() == 2 && names[0] == "pg_catalog" ? 1 : 0; i < names.size(); ++i) {
    quoted.push_back(quote_if_needed(names[i]));
  }
  return concat(join(quoted, "."), arguments);
}

}  // namespace

std::string clip_identifier(std::string_view name) {
  if (name.size() <= kIdentifierBytesMax) return std::string(name);
  size_t length = kIdentifierBytesMax;
  // Step back over continuation bytes, so that no UTF-8 character is cut in two.
  while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0U) == 0x80U) --length;
  return std::string(name.substr(0, length));
}

ObjectName qualified_name(const std::vector<std::string_view>& parts) {
  ObjectName name;
  if (!parts.empty()) name.name = clip_identifier(parts.back());
  if (parts.size() >= 2) name.schema = clip_identifier(parts[parts.size() - 2]);
  if (parts.size() >= 3) name.catalog = clip_identifier(parts[parts.size() - 3]);
  return name;
}

ObjectName relation_name(const TreeNode& range_var, std::string_view default_schema) {
  ObjectName name;
  name.catalog = clip_identifier(text(range_var, "catalogname"));
  name.schema = clip_identifier(text(range_var, "schemaname"));
  name.name = clip_identifier(text(range_var, "relname"));
  if (name.schema.empty() && text(range_var, "relpersistence") != "t") name.schema = std::string(default_schema);
  return name;
}

Persistence existing_persistence(const ObjectName& name) {
  if (name.schema == kTemporarySchema) return Persistence::kTemporary;
  return name.schema.empty() ? Persistence::kByName : Persistence::kPersistent;
}

Persistence created_persistence(const TreeNode& range_var, const ObjectName& name) {
  if (text(range_var, "relpersistence") == "t") return Persistence::kTemporary;
  return existing_persistence(name);
}

std::string type_text(const TreeNode& type_name) {
  std::string printed = flag(type_name, "setof") ? "SETOF " : "";
  printed += base_type_text(strings_of(list(type_name, "names")), list(type_name, "typmods"));
  if (flag(type_name, "pct_type")) printed += "%TYPE";
  if (!list(type_name, "arrayBounds").empty()) printed += "[]";
  return printed;
}

ObjectName type_object_name(const TreeNode& type_name) { return qualified_name(strings_of(list(type_name, "names"))); }

std::string routine_arguments_text(const TreeNode& with_arguments) {
  if (flag(with_arguments, "args_unspecified")) return {};
  std::vector<std::string> types;
  for (const boost::json::value& argument : list(with_arguments, "objargs")) {
    const TypedNode node = typed_node(argument);
    types.push_back(node.type == "TypeName" ? type_text(*node.fields) : "NONE");
  }
  return concat("(", join(types, ", "), ")");
}

}  // namespace schemaguard::parser::postgres
