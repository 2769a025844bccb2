#include "parser/mysql/reading.h"
#include "parser/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string>

namespace schemaguard::parser::mysql {
namespace {

constexpr ServerVersion kMySqlVersionMin = 50700;
constexpr ServerVersion kMySqlVersionMax = 999999;
constexpr ServerVersion kMariaDbVersionMin = 100000;
constexpr ServerVersion kMariaDbVersionMax = 129999;
constexpr ServerVersion kDollarQuotesSince = 80100;

constexpr std::array<std::string_view, 6> kUnsafeSets = {"big5", "cp932", "gb18030", "gbk", "sjis", "swe7"};
constexpr std::array<std::string_view, 3> kUtf8Sets = {"utf8", "utf8mb3", "utf8mb4"};
constexpr std::array<std::string_view, 29> kSafeSets = {
    "armscii8", "ascii",   "binary", "cp1250", "cp1251",  "cp1256",   "cp1257", "cp850", "cp852",   "cp866",
    "dec8",     "eucjpms", "euckr",  "gb2312", "geostd8", "greek",    "hebrew", "hp8",   "keybcs2", "koi8r",
    "koi8u",    "latin2",  "latin5", "latin7", "macce",   "macroman", "tis620", "ujis",  "cp1252"};

// Modes that stand for quoting with double quotes among others, in 5.7 and in MariaDB.
constexpr std::array<std::string_view, 7> kAnsiModes = {"ansi_quotes", "ansi",  "oracle",    "db2",
                                                        "maxdb",       "mssql", "postgresql"};
constexpr std::array<std::string_view, 31> kOtherModes = {"real_as_float",
                                                          "pipes_as_concat",
                                                          "ignore_space",
                                                          "ignore_bad_table_options",
                                                          "only_full_group_by",
                                                          "no_unsigned_subtraction",
                                                          "no_dir_in_create",
                                                          "no_key_options",
                                                          "no_table_options",
                                                          "no_field_options",
                                                          "mysql323",
                                                          "mysql40",
                                                          "no_auto_value_on_zero",
                                                          "strict_trans_tables",
                                                          "strict_all_tables",
                                                          "no_zero_in_date",
                                                          "no_zero_date",
                                                          "allow_invalid_dates",
                                                          "error_for_division_by_zero",
                                                          "traditional",
                                                          "no_auto_create_user",
                                                          "high_not_precedence",
                                                          "no_engine_substitution",
                                                          "pad_char_to_full_length",
                                                          "empty_string_is_null",
                                                          "simultaneous_assignment",
                                                          "time_round_fractional",
                                                          "time_truncate_fractional",
                                                          "not_used",
                                                          "not_used_9",
                                                          ""};

constexpr uint64_t kAnsiQuotesBits =
    (1U << 2U) | (1U << 8U) | (1U << 9U) | (1U << 10U) | (1U << 11U) | (1U << 12U) | (1U << 18U);
constexpr uint64_t kOracleBit = 1U << 9U;
constexpr uint64_t kNoBackslashEscapesBit = 1U << 20U;

// The whole of `digits` as a number.
template <typename Number>
bool to_number(std::string_view digits, Number& number) {
  const char* const end = digits.data() + digits.size();
  const std::from_chars_result result = std::from_chars(digits.data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

template <typename Names>
bool holds(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Certainty certainly(bool value) { return value ? Certainty::kYes : Certainty::kNo; }

std::vector<bool> choices(Certainty certainty, bool matters) {
  switch (certainty) {
    case Certainty::kYes:
      return {true};
    case Certainty::kNo:
      return {false};
    case Certainty::kUnknown:
      return matters ? std::vector<bool>{false, true} : std::vector<bool>{false};
  }
  return {false, true};
}

// The versions at which a server of this flavour begins to read the text in another way: those of its executable
// comments, in the five-digit and the six-digit reading.
std::vector<ServerVersion> version_steps(Flavour flavour, std::string_view text) {
  const ServerVersion lowest = flavour == Flavour::kMySql ? kMySqlVersionMin : kMariaDbVersionMin;
  const ServerVersion highest = flavour == Flavour::kMySql ? kMySqlVersionMax : kMariaDbVersionMax;
  std::vector<ServerVersion> steps = {lowest};
  if (flavour == Flavour::kMySql && text.find('$') != std::string_view::npos) steps.push_back(kDollarQuotesSince);
  if (flavour == Flavour::kMySql && text.find("\\N") != std::string_view::npos) steps.push_back(80000);
  for (size_t at = text.find("/*"); at != std::string_view::npos; at = text.find("/*", at + 1)) {
    size_t digit = at + 2;
    if (digit < text.size() && text[digit] == 'M') ++digit;
    if (digit >= text.size() || text[digit] != '!') continue;
    ServerVersion version = 0;
    for (size_t count = 1; count <= 6 && digit + count < text.size(); ++count) {
      if (!is_digit(text[digit + count])) break;
      version = version * 10 + static_cast<ServerVersion>(text[digit + count] - '0');
      if (count >= 5 && version > lowest && version <= highest) steps.push_back(version);
    }
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace

void ReadingState::forget_settings() {
  modes_written = true;
  ansi_quotes = Certainty::kUnknown;
  no_backslash_escapes = Certainty::kUnknown;
  oracle = flavour == Flavour::kMySql ? Certainty::kNo : Certainty::kUnknown;
  character_set = CharacterSet::kUnknown;
}

ReadingState state_of(const Reading& reading) {
  return {.flavour = reading.flavour,
          .version = reading.version,
          .ansi_quotes = certainly(reading.ansi_quotes),
          .no_backslash_escapes = certainly(reading.no_backslash_escapes),
          .oracle = certainly(reading.oracle),
          .character_set = reading.character_set};
}

std::vector<Reading> possible_readings(const ReadingState& state, std::string_view text) {
  std::vector<Flavour> flavours = {Flavour::kMySql, Flavour::kMariaDb};
  if (state.flavour) flavours = {*state.flavour};
  const std::vector<bool> ansi = choices(state.ansi_quotes, text.find('"') != std::string_view::npos);
  const std::vector<bool> plain = choices(state.no_backslash_escapes, text.find('\\') != std::string_view::npos);
  std::vector<Reading> readings;
  for (const Flavour flavour : flavours) {
    const std::vector<ServerVersion> versions =
        state.version ? std::vector<ServerVersion>{*state.version} : version_steps(flavour, text);
    const std::vector<bool> oracle = choices(flavour == Flavour::kMySql ? Certainty::kNo : state.oracle, true);
    for (const ServerVersion version : versions) {
      for (const bool ansi_quotes : ansi) {
        for (const bool no_backslash_escapes : plain) {
          for (const bool oracle_grammar : oracle) {
            if (readings.size() == kReadingsMax) return {};
            readings.push_back({.flavour = flavour,
                                .version = version,
                                .ansi_quotes = ansi_quotes,
                                .no_backslash_escapes = no_backslash_escapes,
                                .oracle = oracle_grammar,
                                .character_set = state.character_set});
          }
        }
      }
    }
  }
  return readings;
}

CharacterSet character_set_by_name(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower == "latin1") return CharacterSet::kLatin1;
  if (holds(kUtf8Sets, lower)) return CharacterSet::kUtf8;
  if (holds(kUnsafeSets, lower)) return CharacterSet::kUnsafe;
  return holds(kSafeSets, lower) ? CharacterSet::kSafe : CharacterSet::kUnknown;
}

void apply_sql_mode(std::string_view value, ReadingState& state) {
  state.modes_written = true;
  bool ansi = false;
  bool plain = false;
  bool oracle = false;
  bool unknown = false;
  uint64_t bits = 0;
  if (to_number(value, bits)) {
    ansi = (bits & kAnsiQuotesBits) != 0;
    plain = (bits & kNoBackslashEscapesBit) != 0;
    oracle = (bits & kOracleBit) != 0;
  } else {
    for (std::string_view rest = value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      std::string mode = to_lower(rest.substr(0, comma));
      while (!mode.empty() && mode.back() == ' ') mode.pop_back();
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (holds(kAnsiModes, mode)) {
        ansi = true;
        oracle = oracle || mode == "oracle";
      } else if (mode == "no_backslash_escapes") {
        plain = true;
      } else {
        unknown = unknown || !holds(kOtherModes, mode);
      }
    }
  }
  if (unknown) {
    state.ansi_quotes = Certainty::kUnknown;
    state.no_backslash_escapes = Certainty::kUnknown;
    state.oracle = state.flavour == Flavour::kMySql ? Certainty::kNo : Certainty::kUnknown;
    return;
  }
  state.ansi_quotes = certainly(ansi);
  state.no_backslash_escapes = certainly(plain);
  state.oracle = certainly(oracle && state.flavour != Flavour::kMySql);
}

bool apply_server_version(std::string_view greeting, ReadingState& state) {
  state.flavour.reset();
  state.version.reset();
  const bool mariadb = to_lower(greeting).find("mariadb") != std::string::npos;
  // MariaDB puts this in front so that old replicas take it for a MySQL that they know.
  constexpr std::string_view kDisguise = "5.5.5-";
  if (mariadb && greeting.substr(0, kDisguise.size()) == kDisguise) greeting.remove_prefix(kDisguise.size());
  std::array<uint32_t, 3> parts{};
  const char* position = greeting.data();
  const char* const end = position + greeting.size();
  for (size_t part = 0; part < parts.size(); ++part) {
    const char* const start = position;
    while (position != end && is_digit(*position)) ++position;
    const auto length = static_cast<size_t>(position - start);
    if (length == 0 || length > 2 || !to_number(std::string_view(start, length), parts[part])) return false;
    if (part + 1 == parts.size()) break;
    if (position == end || *position != '.') return false;
    ++position;
  }
  state.flavour = mariadb ? Flavour::kMariaDb : Flavour::kMySql;
  state.version = parts[0] * 10000 + parts[1] * 100 + parts[2];
  if (!mariadb) state.oracle = Certainty::kNo;
  return true;
}

}  // namespace schemaguard::parser::mysql
