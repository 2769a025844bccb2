// Rule reader: the `rules:` and `migrators:` lists of the configuration file.
#pragma once

#include <string>
#include <vector>

#include "policies/rules/policy.h"
#include "policies/rules/window.h"
#include "proxy/config/yaml_reader.h"

namespace schemaguard::proxy {

// Appends the rules under `rules` of `map`.
void read_rules(YamlMap& map, YamlErrors& errors, std::vector<policies::Rule>& rules);

// Appends the entries under `migrators` of `map`.
void read_migrators(YamlMap& map, YamlErrors& errors, std::vector<policies::MigratorEntry>& migrators);

// Loads every named time zone that the rules' windows use; unknown ones are left out and reported when the policy is
// built, with the rule's name.
policies::TimeZones load_time_zones(const std::vector<policies::Rule>& rules);

}  // namespace schemaguard::proxy
