#include "parser/postgres/settings.h"

#include <algorithm>
#include <array>
#include <string>

#include "parser/words.h"

namespace schemaguard::parser::postgres {
namespace {

struct KnownSetting {
  std::string_view name;
  SettingKind kind;
};

constexpr std::array kKnownSettings = {
    KnownSetting{"standard_conforming_strings", SettingKind::kReading},
    KnownSetting{"client_encoding", SettingKind::kReading},
    KnownSetting{"backslash_quote", SettingKind::kReading},
    KnownSetting{"role", SettingKind::kIdentity},
    KnownSetting{"session_authorization", SettingKind::kIdentity},
    KnownSetting{"session_replication_role", SettingKind::kProtection},
    KnownSetting{"allow_system_table_mods", SettingKind::kProtection},
    KnownSetting{"allow_in_place_tablespaces", SettingKind::kProtection},
    KnownSetting{"event_triggers", SettingKind::kProtection},
    KnownSetting{"ignore_system_indexes", SettingKind::kProtection},
    KnownSetting{"ignore_checksum_failure", SettingKind::kProtection},
    KnownSetting{"ignore_invalid_pages", SettingKind::kProtection},
    KnownSetting{"zero_damaged_pages", SettingKind::kProtection},
    KnownSetting{"lo_compat_privileges", SettingKind::kProtection},
    KnownSetting{"local_preload_libraries", SettingKind::kLoading},
    KnownSetting{"session_preload_libraries", SettingKind::kLoading},
    KnownSetting{"shared_preload_libraries", SettingKind::kLoading},
    KnownSetting{"dynamic_library_path", SettingKind::kLoading},
    KnownSetting{"extension_control_path", SettingKind::kLoading},
    KnownSetting{"output_plugin_libraries", SettingKind::kLoading},
    KnownSetting{"jit_provider", SettingKind::kLoading},
    KnownSetting{"plperl.on_init", SettingKind::kLoading},
    KnownSetting{"plperl.on_plperl_init", SettingKind::kLoading},
    KnownSetting{"plperl.on_plperlu_init", SettingKind::kLoading},
    KnownSetting{"pltcl.start_proc", SettingKind::kLoading},
    KnownSetting{"pltclu.start_proc", SettingKind::kLoading},
    KnownSetting{"plv8.start_proc", SettingKind::kLoading},
    KnownSetting{"search_path", SettingKind::kNamePath},
    KnownSetting{"replication", SettingKind::kReplication},
};

// Every name and alias of an encoding whose multi-byte characters hold no byte below 0x80, letters and digits only,
// as the server strips the rest before it compares. SJIS, BIG5, GBK, UHC, GB18030, JOHAB and their aliases are absent.
constexpr std::array<std::string_view, 63> kAsciiSafeEncodings = {
    "abc",         "alt",         "euccn",       "eucjis2004",  "eucjp",       "euckr",       "euctw",
    "iso88591",    "iso885910",   "iso885913",   "iso885914",   "iso885915",   "iso885916",   "iso88592",
    "iso88593",    "iso88594",    "iso88595",    "iso88596",    "iso88597",    "iso88598",    "iso88599",
    "koi8",        "koi8r",       "koi8u",       "latin1",      "latin10",     "latin2",      "latin3",
    "latin4",      "latin5",      "latin6",      "latin7",      "latin8",      "latin9",      "sqlascii",
    "tcvn",        "tcvn5712",    "unicode",     "utf8",        "vscii",       "win",         "win1250",
    "win1251",     "win1252",     "win1253",     "win1254",     "win1255",     "win1256",     "win1257",
    "win1258",     "win866",      "win874",      "windows1250", "windows1251", "windows1252", "windows1253",
    "windows1254", "windows1255", "windows1256", "windows1257", "windows1258", "windows866",  "windows874",
};

bool is_false_value(std::string_view value) {
  // The server takes any unambiguous prefix of a boolean word.
  const std::string lower = to_lower(value);
  if (lower.empty()) return false;
  return lower == "0" || std::string_view("false").starts_with(lower) || std::string_view("no").starts_with(lower) ||
         (lower.size() >= 2 && std::string_view("off").starts_with(lower));
}

bool is_true_value(std::string_view value) {
  const std::string lower = to_lower(value);
  if (lower.empty()) return false;
  return lower == "1" || lower == "on" || std::string_view("true").starts_with(lower) ||
         std::string_view("yes").starts_with(lower);
}

}  // namespace

SettingKind setting_kind(std::string_view name) {
  for (const KnownSetting& known : kKnownSettings) {
    if (equals_ignoring_case(known.name, name)) return known.kind;
  }
  if (starts_ignoring_case(name, "pgaudit.")) return SettingKind::kProtection;
  return SettingKind::kOrdinary;
}

bool encoding_is_ascii_safe(std::string_view encoding) {
  std::string stripped;
  for (const char c : encoding) {
    const char letter = lower_letter(c);
    if (is_lower_letter(letter) || is_digit(letter)) stripped += letter;
  }
  return !stripped.empty() &&
         std::find(kAsciiSafeEncodings.begin(), kAsciiSafeEncodings.end(), stripped) != kAsciiSafeEncodings.end();
}

bool setting_value_is_safe(std::string_view name, std::string_view value) {
  switch (setting_kind(name)) {
    case SettingKind::kOrdinary:
    case SettingKind::kNamePath:
      return true;
    case SettingKind::kReading:
      if (equals_ignoring_case(name, "standard_conforming_strings")) return is_true_value(value);
      if (equals_ignoring_case(name, "client_encoding")) return encoding_is_ascii_safe(value);
      return true;  // backslash_quote only decides whether the server rejects \' or reads it as every lexer does
    case SettingKind::kProtection:
      if (equals_ignoring_case(name, "session_replication_role")) return equals_ignoring_case(value, "origin");
      if (equals_ignoring_case(name, "event_triggers")) return is_true_value(value);
      if (starts_ignoring_case(name, "pgaudit.")) return false;
      return is_false_value(value);
    case SettingKind::kIdentity:
    case SettingKind::kLoading:
    case SettingKind::kReplication:
      return false;
  }
  return false;
}

bool unnamed_setting_may_protect(const SettingChange& change) {
  if (!change.name.empty() || change.reset) return false;
  if (!change.value.has_value()) return true;
  const std::string value = to_lower(*change.value);
  const bool plain_words = std::all_of(value.begin(), value.end(), [](char c) {
    return is_lower_letter(c) || c == ' ' || c == ',' || c == '-' || c == '_';
  });
  return !plain_words || value == "replica" || value == "local" || is_true_value(value) || is_false_value(value);
}

StatementClass setting_class(const SettingChange& change) {
  const SettingKind kind = setting_kind(change.name);
  if (change.reset || kind == SettingKind::kOrdinary || kind == SettingKind::kNamePath) return StatementClass::kSession;
  if (equals_ignoring_case(change.name, "role")) return StatementClass::kSession;
  if (change.value.has_value() && setting_value_is_safe(change.name, *change.value)) return StatementClass::kSession;
  return StatementClass::kSetting;
}

std::vector<std::string> split_search_path(std::string_view text) {
  std::vector<std::string> elements;
  std::string current;
  bool quoted = false;
  bool any = false;
  const auto push = [&] {
    if (any) elements.push_back(current);
    current.clear();
    any = false;
  };
  for (const char c : text) {
    if (quoted) {
      if (c == '"') {
        quoted = false;
      } else {
        current.push_back(c);
      }
    } else if (c == '"') {
      quoted = true;
      any = true;
    } else if (c == ',') {
      push();
    } else if (c != ' ' && c != '\t' && c != '\n') {
      any = true;
      current.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  push();
  return elements;
}

}  // namespace schemaguard::parser::postgres
