// Reading: what decides how a MySQL or MariaDB server cuts a text into tokens, and what is known of it.
//
// The server reads one statement after another, each with the settings that the one before left behind (evasion M3,
// M4), and executable comments by its own flavour and version (evasion M40). `Reading` is one exact set of these;
// `ReadingState` says how sure the guard is of each. Where something is not certain every reading that makes a
// difference to the text at hand is listed, so that the strictest verdict can be taken. Values only; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace schemaguard::parser::mysql {

enum class Certainty : uint8_t { kYes, kNo, kUnknown };

enum class Flavour : uint8_t { kMySql, kMariaDb };

// character_set_client, as far as it changes where tokens end.
enum class CharacterSet : uint8_t {
  kUtf8,    // utf8mb3, utf8mb4: a byte above 0x7F belongs to a word
  kLatin1,  // its letters belong to words, 0xA0 is white space
  kSafe,    // another one whose bytes below 0x80 always stand for themselves: bytes above are certain in quotes only
  kUnsafe,  // big5, cp932, gb18030, gbk, sjis: a second byte may be a backslash; swe7. Only 7-bit text can be read
  kUnknown,
};

// The version as server variables spell it in a number: 80036 is 8.0.36, 101119 is 10.11.19, 120002 is 12.0.2.
using ServerVersion = uint32_t;

struct Reading {
  Flavour flavour = Flavour::kMySql;
  ServerVersion version = 80000;
  bool ansi_quotes = false;           // "x" is an identifier
  bool no_backslash_escapes = false;  // a backslash in a string is a plain byte
  bool oracle = false;                // MariaDB's other grammar: anonymous blocks, packages
  CharacterSet character_set = CharacterSet::kUtf8;
  bool operator==(const Reading&) const = default;
};

struct ReadingState {
  std::optional<Flavour> flavour;        // absent: the greeting was not understood
  std::optional<ServerVersion> version;  // absent: any version of the flavour
  Certainty ansi_quotes = Certainty::kNo;
  Certainty no_backslash_escapes = Certainty::kNo;
  Certainty oracle = Certainty::kNo;  // always kNo for MySQL
  CharacterSet character_set = CharacterSet::kUtf8;
  // The three modes were set, or made unknown, since this state was made from a reading.
  bool modes_written = false;
  bool operator==(const ReadingState&) const = default;

  // Nothing is known of sql_mode and the character set any more.
  void forget_settings();
};

ReadingState state_of(const Reading& reading);

// Every reading under which the server may cut `text`, as far as they cut it differently: an unknown version counts
// only where the text holds executable comments, an unknown quoting only where it holds such quotes. Empty when there
// are more than kReadingsMax of them.
inline constexpr size_t kReadingsMax = 32;
std::vector<Reading> possible_readings(const ReadingState& state, std::string_view text);

// The class of a character set by the name that SET NAMES takes, in any case; kUnknown for names not known here.
CharacterSet character_set_by_name(std::string_view name);

// Sets the three modes from a value of sql_mode: names parted by commas, or a number. A value with an unknown name or
// the word "default" makes all three unknown. Combined modes (ANSI, ORACLE, DB2 …) count as what they stand for.
void apply_sql_mode(std::string_view value, ReadingState& state);

// The flavour and version of a greeting's server version ("8.0.36", "5.5.5-10.11.19-MariaDB-log"). False, and both
// absent, when it does not read like one.
bool apply_server_version(std::string_view greeting, ReadingState& state);

}  // namespace schemaguard::parser::mysql
