#include "parser/postgres/tree.h"

#include <utility>

namespace schemaguard::parser::postgres {
namespace {

const TreeList& empty_list() {
  static const TreeList kEmpty;
  return kEmpty;
}

std::string_view view(const boost::json::string& string) { return {string.data(), string.size()}; }

}  // namespace

TypedNode typed_node(const boost::json::value& value) {
  const TreeNode* wrapper = value.if_object();
  if (wrapper == nullptr || wrapper->size() != 1) return {};
  const TreeNode* fields = wrapper->begin()->value().if_object();
  if (fields == nullptr) return {};
  const boost::json::string_view key = wrapper->begin()->key();
  return {.type = std::string_view(key.data(), key.size()), .fields = fields};
}

TypedNode typed_child(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  return value == nullptr ? TypedNode{} : typed_node(*value);
}

const TreeNode* child(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  return value == nullptr ? nullptr : value->if_object();
}

const TreeList& list(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  const TreeList* items = value == nullptr ? nullptr : value->if_array();
  return items == nullptr ? empty_list() : *items;
}

std::string_view text(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  const boost::json::string* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string_view() : view(*string);
}

int64_t number(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  const int64_t* signed_number = value == nullptr ? nullptr : value->if_int64();
  return signed_number == nullptr ? 0 : *signed_number;
}

bool flag(const TreeNode& node, std::string_view field) {
  const boost::json::value* value = node.if_contains(field);
  const bool* boolean = value == nullptr ? nullptr : value->if_bool();
  return boolean != nullptr && *boolean;
}

bool has(const TreeNode& node, std::string_view field) { return node.contains(field); }

std::optional<size_t> location(const TreeNode& node) {
  const int64_t offset = number(node, "location");
  if (offset < 0) return std::nullopt;
  return static_cast<size_t>(offset);
}

std::string_view string_of(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  return node.type == "String" ? text(*node.fields, "sval") : std::string_view();
}

std::vector<std::string_view> strings_of(const TreeList& items) {
  std::vector<std::string_view> texts;
  texts.reserve(items.size());
  for (const boost::json::value& item : items) texts.push_back(string_of(item));
  return texts;
}

const TreeList& items_of(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  return node.type == "List" ? list(*node.fields, "items") : empty_list();
}

std::optional<std::string> constant_text(const boost::json::value& value) {
  const TypedNode node = typed_node(value);
  if (!node) return std::nullopt;
  if (node.type == "TypeCast") {
    const boost::json::value* argument = node.fields->if_contains("arg");
    return argument == nullptr ? std::nullopt : constant_text(*argument);
  }
  if (node.type == "String") return std::string(text(*node.fields, "sval"));
  if (node.type == "Integer") return std::to_string(number(*node.fields, "ival"));
  if (node.type == "Float") return std::string(text(*node.fields, "fval"));
  if (node.type == "Boolean") return flag(*node.fields, "boolval") ? "true" : "false";
  if (node.type != "A_Const" || flag(*node.fields, "isnull")) return std::nullopt;
  if (const TreeNode* string = child(*node.fields, "sval")) return std::string(text(*string, "sval"));
  if (const TreeNode* integer = child(*node.fields, "ival")) return std::to_string(number(*integer, "ival"));
  if (const TreeNode* real = child(*node.fields, "fval")) return std::string(text(*real, "fval"));
  if (const TreeNode* boolean = child(*node.fields, "boolval")) return flag(*boolean, "boolval") ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> folded_string(const boost::json::value& value) {
  // The chain leans to the left; its right ends are collected on the way down.
  std::vector<std::string> tail;
  const boost::json::value* place = &value;
  TypedNode node = typed_node(*place);
  while (node.type == "A_Expr") {
    const TreeList& names = list(*node.fields, "name");
    const boost::json::value* left = node.fields->if_contains("lexpr");
    const boost::json::value* right = node.fields->if_contains("rexpr");
    const bool joins = names.size() == 1 && string_of(names[0]) == "||" && left != nullptr && right != nullptr;
    std::optional<std::string> piece = joins ? constant_text(*right) : std::nullopt;
    if (!piece) return std::nullopt;
    tail.push_back(std::move(*piece));
    place = left;
    node = typed_node(*place);
  }
  const bool is_constant = node.type == "A_Const" || node.type == "TypeCast";
  std::optional<std::string> folded = is_constant ? constant_text(*place) : std::nullopt;
  if (!folded) return std::nullopt;
  for (auto piece = tail.rbegin(); piece != tail.rend(); ++piece) *folded += *piece;
  return folded;
}

std::string option_text(const TreeNode& option) {
  const boost::json::value* argument = option.if_contains("arg");
  if (argument == nullptr) return {};
  if (const std::optional<std::string> constant = constant_text(*argument)) return *constant;
  const TypedNode node = typed_node(*argument);
  if (node.type == "TypeName") {
    const TreeList& names = list(*node.fields, "names");
    return names.empty() ? std::string() : std::string(string_of(names.back()));
  }
  if (node.type == "List") {
    const TreeList& items = list(*node.fields, "items");
    return items.empty() ? std::string() : std::string(string_of(items.back()));
  }
  return {};
}

}  // namespace schemaguard::parser::postgres
