// Words that stand before or around secrets, in SQL and in texts inside SQL.
//
// Guesses on the safe side: a text without a secret may be taken for one that holds one, and only costs the audit a
// literal. Nothing here reads SQL; redaction.cc does.
#pragma once

#include <string_view>

namespace schemaguard::policies {

// Whether a name (of a column, option or setting) speaks of a secret: "password", "api_token", "sslpassphrase", …
bool names_a_secret(std::string_view name);

// Whether a text inside SQL (a literal, a comment on an object) seems to hold a secret: "password=…", "PASSWORD '…'",
// "postgresql://user:pass@host", "Authorization: …".
bool seems_to_hold_secret(std::string_view text);

// Whether a text ends where a secret would begin: "ALTER ROLE a PASSWORD ", "password=".
bool ends_before_secret(std::string_view text);

// Whether the value of a server setting may be recorded. Not those of applications (with a dot), of which nothing is
// known, and not those that hold connection strings, pass phrases or shell commands.
bool setting_value_may_be_kept(std::string_view name);

// ASCII, case-insensitive; `lower_case` must be lower case.
bool contains_word_part(std::string_view text, std::string_view lower_case);

}  // namespace schemaguard::policies
