// Known names: the commands and changes that statement facts can carry, so that a rule with a misspelt one is noticed.
//
// A rule whose `change` or `command` no statement ever has would never match, in silence. These lists only feed
// warnings; they decide nothing. Pure data, as the
// engine's command tags and parser/ spell it.
#pragma once

#include <string>
#include <string_view>

namespace schemaguard::policies {

// `of_mysql`: of MySQL and MariaDB; else of PostgreSQL.
bool is_known_command(std::string_view command, bool of_mysql);
bool is_known_change(std::string_view change, bool of_mysql);

// Whether a pattern of a rule matches any known command (written in capitals) or any known change.
bool matches_known_command(std::string_view pattern, bool of_mysql);
bool matches_known_change(std::string_view pattern, bool of_mysql);

}  // namespace schemaguard::policies
