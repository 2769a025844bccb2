#include "policies/audit/audit_entry.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace schemaguard::policies {

namespace {

using boost::json::object;
using boost::json::value;

const value* find_member(const object& from, std::string_view name) {
  return from.if_contains(boost::json::string_view(name.data(), name.size()));
}

std::string_view text_of(const object& from, std::string_view name) {
  const value* found = find_member(from, name);
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

void add_name(std::vector<std::string>& names, std::string name) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.push_back(std::move(name));
}

std::string display(std::string_view schema, std::string_view name) {
  std::string text(schema);
  if (!text.empty()) text.push_back('.');
  text += name;
  return text;
}

void add_use(std::vector<std::string>& names, const object& change, std::string_view member) {
  const value* use = find_member(change, member);
  if (use == nullptr || !use->is_object()) return;
  add_name(names, display(text_of(use->get_object(), "schema"), text_of(use->get_object(), "name")));
}

// RENAME TO keeps the schema, SET SCHEMA the name; a renamed column is no object. MySQL writes the new database with
// the new name, or means the default one.
void add_new_name(std::vector<std::string>& names, const object& change, bool of_mysql) {
  const std::string_view kind = text_of(change, "kind");
  const std::string_view new_name = text_of(change, "new_name");
  const value* use = find_member(change, "object");
  if (new_name.empty() || use == nullptr || !use->is_object() || !text_of(change, "member").empty()) return;
  if (of_mysql && kind == "rename_table") {
    add_name(names, std::string(new_name));
  } else if (kind == "set_schema") {
    add_name(names, display(new_name, text_of(use->get_object(), "name")));
  } else if (kind.starts_with("rename_")) {
    add_name(names, display(text_of(use->get_object(), "schema"), new_name));
  }
}

}  // namespace

std::optional<AuditEntry> AuditEntry::parse(std::string_view line) {
  boost::system::error_code error;
  value parsed = boost::json::parse(boost::json::string_view(line.data(), line.size()), error);
  if (error || !parsed.is_object()) return std::nullopt;
  AuditEntry entry;
  entry.members_ = std::move(parsed.get_object());
  return entry;
}

std::string_view AuditEntry::text(std::string_view name) const { return text_of(members_, name); }

uint64_t AuditEntry::number(std::string_view name) const {
  const value* found = find_member(members_, name);
  if (found == nullptr) return 0;
  if (found->is_uint64()) return found->get_uint64();
  return found->is_int64() && found->get_int64() > 0 ? static_cast<uint64_t>(found->get_int64()) : 0;
}

std::vector<std::string> AuditEntry::texts(std::string_view name) const {
  std::vector<std::string> texts;
  const value* found = find_member(members_, name);
  if (found == nullptr || !found->is_array()) return texts;
  for (const value& one : found->get_array()) {
    if (one.is_string()) texts.emplace_back(one.get_string().data(), one.get_string().size());
  }
  return texts;
}

bool AuditEntry::flag(std::string_view name) const {
  const value* found = find_member(members_, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<std::string> AuditEntry::object_names() const {
  std::vector<std::string> names;
  for (std::string& name : texts("objects")) add_name(names, std::move(name));
  const value* changes = find_member(members_, "changes");
  if (changes == nullptr || !changes->is_array()) return names;
  for (const value& one : changes->get_array()) {
    if (!one.is_object()) continue;
    add_use(names, one.get_object(), "object");
    add_use(names, one.get_object(), "relation");
    add_new_name(names, one.get_object(), text("engine") == "mysql");
  }
  return names;
}

std::string AuditEntry::client_address() const {
  const std::string_view client = text("client");
  if (client.starts_with('[')) return std::string(client.substr(1, client.find(']') - 1));
  const size_t colon = client.rfind(':');
  const bool one_colon = colon != std::string_view::npos && client.find(':') == colon;
  return std::string(one_colon ? client.substr(0, colon) : client);
}

std::vector<std::string> AuditEntry::created_names() const {
  std::vector<std::string> names;
  const value* changes = find_member(members_, "changes");
  if (changes == nullptr || !changes->is_array()) return names;
  for (const value& one : changes->get_array()) {
    if (one.is_object() && text_of(one.get_object(), "kind").starts_with("create_")) {
      add_use(names, one.get_object(), "object");
    }
  }
  return names;
}

void OutcomeIndex::add(const AuditEntry& entry) {
  const uint64_t of = entry.number("of");
  if (!entry.is("outcome") || of == 0) return;
  // Whatever the order of the files: what waited for another outcome never replaces that one.
  const std::string_view text = entry.text("outcome");
  const bool waits = text == "unknown" || text == "prepared";
  if (const auto known = by_seq_.find(of); waits && known != by_seq_.end()) {
    if (known->second.text != "unknown" && known->second.text != "prepared") return;
  }
  by_seq_[of] = Outcome{std::string(entry.text("outcome")), std::string(entry.text("sqlstate"))};
  if (by_seq_.size() > kEntriesMax) by_seq_.erase(by_seq_.begin());
}

OutcomeIndex::Outcome OutcomeIndex::find(const AuditEntry& statement) const {
  if (!statement.text("outcome").empty()) {
    return {std::string(statement.text("outcome")), std::string(statement.text("sqlstate"))};
  }
  const auto found = by_seq_.find(statement.seq());
  return found == by_seq_.end() ? Outcome{} : found->second;
}

}  // namespace schemaguard::policies
