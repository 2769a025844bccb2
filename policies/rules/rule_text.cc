#include "policies/rules/rule_text.h"

#include <utility>
#include <vector>

#include "policies/json/json_text.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

using Member = std::pair<std::string_view, const std::vector<std::string>*>;

std::vector<Member> members_of(const Rule::Match& match) {
  return {{"class", &match.classes},
          {"command", &match.commands},
          {"change", &match.changes},
          {"object", &match.objects},
          {"user", &match.users},
          {"database", &match.databases},
          {"application", &match.applications},
          {"from", &match.from},
          {"certificate", &match.certificates},
          {"hazard", &match.hazards},
          {"window", &match.windows}};
}

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string joined;
  for (const std::string& word : words) joined += concatenate({joined.empty() ? "" : between, word});
  return joined;
}

std::string match_text(const Rule::Match& match) {
  std::string text;
  for (const auto& [key, values] : members_of(match)) {
    if (values->empty()) continue;
    text += concatenate({text.empty() ? "" : "; ", key, " ", join(*values, ", ")});
  }
  for (const auto& [key, value] : {std::pair{"sanctioned", match.sanctioned}, std::pair{"approval", match.approval}}) {
    if (value) text += concatenate({text.empty() ? "" : "; ", key, *value ? " yes" : " no"});
  }
  return text.empty() ? "everything" : text;
}

void add_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (const std::string& value : values) {
    if (out.back() != '[') out += ',';
    append_json_string(out, value);
  }
  out += ']';
}

void add_match(std::string& out, std::string_view member, const Rule::Match& match) {
  out += concatenate({",\"", member, "\":{"});
  for (const auto& [key, values] : members_of(match)) {
    if (values->empty()) continue;
    out += concatenate({out.back() == '{' ? "" : ",", "\"", key, "\":"});
    add_strings(out, *values);
  }
  for (const auto& [key, value] : {std::pair{"sanctioned", match.sanctioned}, std::pair{"approval", match.approval}}) {
    if (value) out += concatenate({out.back() == '{' ? "" : ",", "\"", key, *value ? "\":true" : "\":false"});
  }
  out += '}';
}

void add_text(std::string& out, std::string_view member, std::string_view value) {
  if (value.empty()) return;
  out += concatenate({",\"", member, "\":"});
  append_json_string(out, value);
}

void add_rule_json(std::string& out, const Rule& rule) {
  out += "{\"name\":";
  append_json_string(out, rule.name);
  add_match(out, "match", rule.match);
  if (rule.unless) add_match(out, "unless", *rule.unless);
  add_text(out, "action", action_name(rule.action));
  if (rule.mode) add_text(out, "mode", mode_name(*rule.mode));
  if (rule.after != Verdict::After::kContinue) add_text(out, "after", after_name(rule.after));
  add_text(out, "hint", rule.hint);
  add_text(out, "origin", rule.origin);
  out += '}';
}

}  // namespace

std::string policy_text(const Policy& policy) {
  std::string out = concatenate({"version ", policy.version(), "\n"});
  for (const MigratorEntry& migrator : policy.options().migrators) {
    out += concatenate({"migrator ", migrator.user});
    if (!migrator.from.empty()) out += concatenate({" from ", join(migrator.from, ", ")});
    if (!migrator.certificate.empty()) out += concatenate({" with certificate ", migrator.certificate});
    out += '\n';
  }
  size_t number = 0;
  for (const Rule& rule : policy.all_rules()) {
    out += concatenate(
        {std::to_string(++number), ". ", rule.name, ": ", action_name(rule.action), " ", match_text(rule.match)});
    if (rule.unless) out += concatenate({" unless ", match_text(*rule.unless)});
    if (rule.mode) out += concatenate({" (mode ", mode_name(*rule.mode), ")"});
    if (rule.after != Verdict::After::kContinue) out += concatenate({" (after: ", after_name(rule.after), ")"});
    if (!rule.origin.empty()) out += concatenate({" [", rule.origin, "]"});
    out += '\n';
  }
  return out;
}

std::string policy_json(const Policy& policy) {
  std::string out = "{\"version\":";
  append_json_string(out, policy.version());
  out += ",\"migrators\":[";
  for (const MigratorEntry& migrator : policy.options().migrators) {
    out += concatenate({out.back() == '[' ? "" : ",", "{\"user\":"});
    append_json_string(out, migrator.user);
    out += ",\"from\":";
    add_strings(out, migrator.from);
    add_text(out, "certificate", migrator.certificate);
    out += '}';
  }
  out += "],\"rules\":[";
  for (const Rule& rule : policy.all_rules()) {
    if (out.back() != '[') out += ',';
    add_rule_json(out, rule);
  }
  return out + "]}\n";
}

}  // namespace schemaguard::policies
