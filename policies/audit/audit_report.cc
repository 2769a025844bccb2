#include "policies/audit/audit_report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "policies/audit/audit_print.h"
#include "policies/json/json_text.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/glob.h"

namespace schemaguard::policies {

namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += concatenate({out.empty() ? "" : " ", text});
  return out;
}

std::vector<std::string> words_of(const std::string& joined_words) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < joined_words.size()) {
    const size_t end = std::min(joined_words.find(' ', at), joined_words.size());
    words.push_back(joined_words.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::vector<std::string> change_kinds(const AuditEntry& statement) {
  std::vector<std::string> kinds;
  const boost::json::value* changes = statement.members().if_contains("changes");
  if (changes == nullptr || !changes->is_array()) return kinds;
  for (const boost::json::value& change : changes->get_array()) {
    if (!change.is_object()) continue;
    const boost::json::value* kind = change.get_object().if_contains("kind");
    if (kind != nullptr && kind->is_string()) kinds.emplace_back(kind->get_string().c_str());
  }
  return kinds;
}

// JSON strings are YAML strings as well.
std::string yaml_list(const std::set<std::string>& texts, bool as_globs) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    append_json_string(out, as_globs ? glob_quote(text) : text);
  }
  return out + "]";
}

bool add_bounded(std::set<std::string>& names, std::string name) {
  if (names.size() >= AuditReport::kNamesMax && !names.contains(name)) return false;
  names.insert(std::move(name));
  return true;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : visible(text); }

}  // namespace

void AuditReport::add(const AuditEntry& statement) {
  ++statements_;
  const std::string user(statement.text("user"));
  const std::string application(statement.text("application"));
  const std::string source = statement.client_address();
  const std::string classes = joined(statement.texts("class"));
  const std::string command(statement.text("command"));
  const auto key = std::make_tuple(user, application, source, classes, command);
  if (groups_.size() >= kGroupsMax && !groups_.contains(key)) {
    ++left_out_;
    return;
  }
  AuditReportGroup& group = groups_[key];
  const std::string ts(statement.text("ts"));
  if (group.count++ == 0) {
    group.user = user;
    group.application = application;
    group.source = source;
    group.classes = classes;
    group.command = command;
    group.first_seen = ts;
    group.last_seen = ts;
    group.example_seq = statement.seq();
    group.example = std::string(statement.text("statement"));
  }
  group.first_seen = std::min(group.first_seen, ts);
  group.last_seen = std::max(group.last_seen, ts);
  add_bounded(group.databases, std::string(statement.text("database")));
  add_bounded(group.rules, std::string(statement.text("rule")));
  add_bounded(group.reasons, std::string(statement.text("reason")));
  for (std::string& kind : change_kinds(statement)) add_bounded(group.changes, std::move(kind));
  std::vector<std::string> objects = statement.object_names();
  if (objects.empty()) group.objects_complete = false;
  for (std::string& object : objects) {
    if (!add_bounded(group.objects, std::move(object))) group.objects_complete = false;
  }
}

std::vector<AuditReportGroup> AuditReport::groups() const {
  std::vector<AuditReportGroup> groups;
  for (const auto& [key, group] : groups_) groups.push_back(group);
  std::stable_sort(groups.begin(), groups.end(), [](const AuditReportGroup& left, const AuditReportGroup& right) {
    return left.count > right.count;
  });
  return groups;
}

std::string narrowest_rule(const AuditReportGroup& group, size_t number) {
  std::set<std::string> classes;
  for (std::string& one : words_of(group.classes)) classes.insert(std::move(one));
  std::string rule = concatenate({"- name: from-the-audit-", std::to_string(number), "\n  match:\n"});
  const auto line = [&rule](std::string_view key, const std::string& list) {
    rule += concatenate({"    ", key, ": ", list, "\n"});
  };
  if (!classes.empty()) line("class", yaml_list(classes, false));
  if (!group.command.empty()) line("command", yaml_list({group.command}, true));
  if (!group.changes.empty()) line("change", yaml_list(group.changes, true));
  if (group.objects_complete && !group.objects.empty()) line("object", yaml_list(group.objects, true));
  if (!group.user.empty()) line("user", yaml_list({group.user}, true));
  if (!group.databases.empty() && !group.databases.contains("")) line("database", yaml_list(group.databases, true));
  if (!group.source.empty() && group.source.front() != '/') line("from", yaml_list({group.source}, false));
  return rule + "  action: allow\n";
}

std::string audit_report_text(const AuditReport& report) {
  std::string out;
  size_t number = 0;
  for (const AuditReportGroup& group : report.groups()) {
    ++number;
    const std::set<std::string>& reasons = group.reasons;
    out += concatenate({std::to_string(group.count), " × ", or_dash(group.command), "  (", or_dash(group.classes),
                        ")  by ", or_dash(group.user), "  application ", or_dash(group.application), "  from ",
                        or_dash(group.source), "\n"});
    out += concatenate({"    first ", group.first_seen, "  last ", group.last_seen, "\n"});
    std::string why;
    for (const std::string& reason : reasons) why += concatenate({why.empty() ? "" : ", ", reason});
    std::string rules;
    for (const std::string& rule : group.rules) rules += concatenate({rules.empty() ? "" : ", ", rule});
    out += concatenate({"    because ", or_dash(why), " (rule ", or_dash(rules), ")\n"});
    out += concatenate({"    example #", std::to_string(group.example_seq), ": ", or_dash(group.example), "\n"});
    const std::string rule = narrowest_rule(group, number);
    size_t at = 0;
    while (at < rule.size()) {
      const size_t end = rule.find('\n', at);
      out += concatenate({"      ", std::string_view(rule).substr(at, end - at), "\n"});
      at = end + 1;
    }
    out += "\n";
  }
  out += concatenate({std::to_string(report.statements()), " statements in ", std::to_string(number), " groups"});
  if (report.left_out() > 0) out += concatenate({"; ", std::to_string(report.left_out()), " more in groups not shown"});
  return out + "\n";
}

std::string audit_report_json(const AuditReport& report) {
  const auto list = [](const std::set<std::string>& texts) {
    boost::json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
  };
  boost::json::array groups;
  size_t number = 0;
  for (const AuditReportGroup& group : report.groups()) {
    boost::json::array classes;
    for (const std::string& one : words_of(group.classes)) classes.emplace_back(one);
    groups.push_back(boost::json::object{{"count", group.count},
                                         {"user", group.user},
                                         {"application", group.application},
                                         {"source", group.source},
                                         {"class", classes},
                                         {"command", group.command},
                                         {"databases", list(group.databases)},
                                         {"objects", list(group.objects)},
                                         {"changes", list(group.changes)},
                                         {"rules", list(group.rules)},
                                         {"reasons", list(group.reasons)},
                                         {"first_seen", group.first_seen},
                                         {"last_seen", group.last_seen},
                                         {"example_seq", group.example_seq},
                                         {"example", group.example},
                                         {"rule", narrowest_rule(group, ++number)}});
  }
  return boost::json::serialize(boost::json::object{
             {"statements", report.statements()}, {"left_out", report.left_out()}, {"groups", std::move(groups)}}) +
         "\n";
}

}  // namespace schemaguard::policies
