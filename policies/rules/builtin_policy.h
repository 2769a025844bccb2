// The built-in policy: the class table of design section 5 as rules, tried after every configured rule.
//
// Written in the same form as configured rules, so that `policy show` prints exactly what judges. The last rule
// matches everything: what nobody allowed is blocked.
#pragma once

#include <string_view>
#include <vector>

#include "parser/statement_facts.h"
#include "policies/rules/policy.h"

namespace schemaguard::policies {

std::vector<Rule> builtin_rules();

// The word by which rules can name, as a `change`, why code is opaque: "unproved_routine", "runs_sql_text", …
std::string_view opaque_reason_name(parser::OpaqueReason reason);
// The same for COPY … PROGRAM.
inline constexpr std::string_view kCopyProgramChange = "copy_program";
// The same for MySQL's LOAD DATA LOCAL, for which the server asks the client for a file.
inline constexpr std::string_view kLocalInfileChange = "local_infile";

}  // namespace schemaguard::policies
