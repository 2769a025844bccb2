// Tree: reading a syntax tree as the grammar prints it in JSON.
//
// A node is an object of fields; where the grammar allows any node, it stands wrapped as {"TypeName": {fields}}. Absent
// fields mean false, zero or empty. Every function is total: a missing field or one of another shape reads as absent,
// so a tree of a newer grammar can be misread but never crashes. Nothing is owned: results live as long as the tree.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemaguard::parser::postgres {

using TreeNode = boost::json::object;
using TreeList = boost::json::array;

// A node of any type: its type's name and its fields. `fields` is null for "no node".
struct TypedNode {
  std::string_view type;
  const TreeNode* fields = nullptr;
  explicit operator bool() const { return fields != nullptr; }
};

TypedNode typed_node(const boost::json::value& value);
TypedNode typed_child(const TreeNode& node, std::string_view field);
const TreeNode* child(const TreeNode& node, std::string_view field);
const TreeList& list(const TreeNode& node, std::string_view field);
std::string_view text(const TreeNode& node, std::string_view field);
int64_t number(const TreeNode& node, std::string_view field);
bool flag(const TreeNode& node, std::string_view field);
bool has(const TreeNode& node, std::string_view field);

// The byte offset that the grammar gives the node; nothing when it is unknown. Offset 0 is not printed.
std::optional<size_t> location(const TreeNode& node);

// The text of a String node, "" for anything else.
std::string_view string_of(const boost::json::value& value);
// The texts of a list of String nodes.
std::vector<std::string_view> strings_of(const TreeList& items);
// The nodes of a {"List": {"items": […]}} value, or of nothing.
const TreeList& items_of(const boost::json::value& value);
// A constant's value as text (string, number or boolean); nothing for NULL and for anything that is no constant.
std::optional<std::string> constant_text(const boost::json::value& value);
// A constant, or constants joined with ||; nothing for anything else.
std::optional<std::string> folded_string(const boost::json::value& value);
// The argument of a DefElem as a plain word or constant: {"String"}, {"Integer"}, {"TypeName"} of one name, …
std::string option_text(const TreeNode& option);

}  // namespace schemaguard::parser::postgres
