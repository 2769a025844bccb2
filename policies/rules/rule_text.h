// Rule text: a policy's rules as `schemaguard policy show` prints them, for people and as JSON.
#pragma once

#include <string>

#include "policies/rules/policy.h"

namespace schemaguard::policies {

// Every rule in the order of trial, the built-in ones last, with the policy's version and migrators.
std::string policy_text(const Policy& policy);
std::string policy_json(const Policy& policy);

}  // namespace schemaguard::policies
