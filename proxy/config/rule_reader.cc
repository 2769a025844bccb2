#include "proxy/config/rule_reader.h"

#include "policies/rules/concatenate.h"
#include "policies/rules/network.h"

namespace schemaguard::proxy {
namespace {

using policies::Action;
using policies::concatenate;
using policies::Mode;
using policies::Rule;
using policies::Verdict;

Rule::Match read_match(const YAML::Node& node, const std::string& path, YamlErrors& errors) {
  Rule::Match match;
  YamlMap map(node, path, errors);
  map.texts("class", match.classes);
  map.texts("command", match.commands);
  map.texts("change", match.changes);
  map.texts("object", match.objects);
  map.texts("user", match.users);
  map.texts("database", match.databases);
  map.texts("application", match.applications);
  map.texts("from", match.from);
  map.texts("certificate", match.certificates);
  map.flag("sanctioned", match.sanctioned);
  map.flag("approval", match.approval);
  map.texts("hazard", match.hazards);
  // A window holds commas and blanks, so that a list of windows is written as a list.
  map.texts("window", match.windows);
  map.finish();
  return match;
}

void read_rule(const YAML::Node& node, const std::string& path, YamlErrors& errors, std::vector<Rule>& rules) {
  Rule rule;
  YamlMap map(node, path, errors);
  if (!map.valid()) return;
  rule.origin = errors.place(map.mark());
  map.text("name", rule.name);
  if (rule.name.empty()) map.error("name", "every rule needs a name");
  if (const auto match = map.take("match")) rule.match = read_match(*match, map.path_of("match"), errors);
  if (const auto unless = map.take("unless")) rule.unless = read_match(*unless, map.path_of("unless"), errors);
  if (const auto action = map.choice("action", {"allow", "log", "warn", "block"})) {
    rule.action = static_cast<Action>(*action);
  } else if (!node["action"]) {
    map.error("action", "every rule needs an action; accepted: allow, log, warn, block");
  }
  map.text("hint", rule.hint);
  if (const auto mode = map.choice("mode", {"off", "observe", "warn", "enforce"})) {
    rule.mode = static_cast<Mode>(*mode);
  }
  if (const auto after = map.choice("after", {"continue", "refuse_writes", "disconnect"})) {
    rule.after = static_cast<Verdict::After>(*after);
  }
  map.finish();
  for (const Rule& earlier : rules) {
    if (!rule.name.empty() && earlier.name == rule.name) {
      map.error("name", concatenate({"\"", rule.name, "\" is also the name of the rule at ", earlier.origin}));
    }
  }
  rules.push_back(std::move(rule));
}

void load_zones_of(const Rule::Match& match, policies::TimeZones& zones) {
  for (const std::string& window : match.windows) {
    const std::string name(policies::window_zone_name(window));
    absl::TimeZone zone;
    if (!name.empty() && name.front() != '/' && absl::LoadTimeZone(name, &zone)) zones.emplace(name, zone);
  }
}

}  // namespace

void read_rules(YamlMap& map, YamlErrors& errors, std::vector<Rule>& rules) {
  map.list("rules", [&](const YAML::Node& node, const std::string& path) { read_rule(node, path, errors, rules); });
}

void read_migrators(YamlMap& map, YamlErrors& errors, std::vector<policies::MigratorEntry>& migrators) {
  map.list("migrators", [&](const YAML::Node& node, const std::string& path) {
    policies::MigratorEntry entry;
    YamlMap item(node, path, errors);
    item.text("user", entry.user);
    const std::vector<YAML::Mark> marks = item.texts("from", entry.from);
    for (size_t index = 0; index < marks.size(); ++index) {
      const auto block = policies::parse_network_block(entry.from[index]);
      if (!block.ok()) errors.add(marks[index], item.path_of("from"), std::string(block.status().message()));
    }
    item.text("certificate", entry.certificate);
    item.finish();
    if (!item.valid()) return;
    if (entry.user.empty()) item.error("user", "every migrator needs a user");
    migrators.push_back(std::move(entry));
  });
}

policies::TimeZones load_time_zones(const std::vector<Rule>& rules) {
  policies::TimeZones zones;
  for (const Rule& rule : rules) {
    load_zones_of(rule.match, zones);
    if (rule.unless) load_zones_of(*rule.unless, zones);
  }
  return zones;
}

}  // namespace schemaguard::proxy
