// Settings: what a run-time setting of PostgreSQL means to the guard, by name and value.
//
// One table for SET, set_config() and the keys of a startup packet. A setting that changes how text is read, who acts,
// what protects the catalog, or what code is loaded is named here; every other name is ordinary, because applications
// and drivers send dozens of them and custom ones ("myapp.user_id") besides. Pure functions over their arguments.
// Names compare without regard to ASCII case, as the server compares them (evasion 45-48, 52, 123, 124, 151-154).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/statement_facts.h"

namespace schemaguard::parser::postgres {

enum class SettingKind : uint8_t {
  kOrdinary,
  kReading,      // standard_conforming_strings, client_encoding, backslash_quote
  kIdentity,     // role, session_authorization
  kProtection,   // session_replication_role, allow_system_table_mods, event_triggers, …
  kLoading,      // libraries and start procedures: code that enters the server process
  kNamePath,     // search_path
  kReplication,  // the startup key that turns a session into a replication one
};

SettingKind setting_kind(std::string_view name);

// Whether `value` leaves reading, identity and protection as the guard wants them: standard_conforming_strings on,
// client_encoding in the set where every byte below 0x80 stands for itself, protections on. Ordinary settings and
// search_path are always safe; identities, libraries and replication never are.
bool setting_value_is_safe(std::string_view name, std::string_view value);

// Whether every byte below 0x80 stands for itself in this client encoding; false for an unknown name (evasion 52).
bool encoding_is_ascii_safe(std::string_view encoding);

// Whether set_config() with a name that is not constant, which reads as a setting without a name, could give this value
// to a setting of class kSetting. Lists of plain words are no switch, no path and no code: pg_dump sets one so.
bool unnamed_setting_may_protect(const SettingChange& change);

// The class of one SET, RESET or set_config(): kSession or kSetting. SET ROLE is kSession (policy judges login and
// current role), SET SESSION AUTHORIZATION is kSetting, a reset goes back to what the session began with.
StatementClass setting_class(const SettingChange& change);

// Elements of a search_path written as one string, "a, \"B\", $user". Quoted names keep their case.
std::vector<std::string> split_search_path(std::string_view text);

}  // namespace schemaguard::parser::postgres
