// Policy::Compiled: what judge() works on, built once by Policy::build().
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "policies/rules/compiled_match.h"
#include "policies/rules/glob.h"
#include "policies/rules/network.h"
#include "policies/rules/policy.h"

namespace schemaguard::policies {

struct CompiledRule {
  CompiledMatch match;
  std::optional<CompiledMatch> unless;
  bool builtin = false;
};

struct CompiledMigrator {
  std::string user;
  std::vector<NetworkBlock> from;  // empty: anywhere
  std::string certificate;
};

struct PlainFunction {
  ObjectGlob glob;
  bool literal_name = false;  // names one function, not a pattern
};

struct Policy::Compiled {
  std::vector<CompiledRule> rules;  // parallel to all_rules_
  // For each class the rules that could hold for it, as indices into `rules`: most rules name a class.
  std::array<std::vector<size_t>, parser::kStatementClassCount> rules_of_class;
  bool asks_for_address = false;  // a rule has a `from`
  std::vector<CompiledMigrator> migrators;
  std::vector<PlainFunction> plain_functions;
  // A configured rule could decide something else than allow for query, session, transaction or temporary.
  bool judges_ordinary = false;
};

}  // namespace schemaguard::policies
