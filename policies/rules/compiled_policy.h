// Policy::Compiled: what judge() works on, built once by Policy::build().
#pragma once

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
  size_t index = 0;  // into Policy::all_rules()
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
  std::vector<CompiledMigrator> migrators;
  std::vector<PlainFunction> plain_functions;
  // A configured rule could decide something else than allow for query, session, transaction or temporary.
  bool judges_ordinary = false;
};

}  // namespace schemaguard::policies
