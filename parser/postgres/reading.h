// Reading: the session settings that decide how PostgreSQL cuts a text into tokens.
//
// The server lexes one Query message whole with the settings in force when it arrives (evasion, finding 7). Where a
// setting is not proved, every possible reading is judged and the strictest verdict holds (evasion section 9).
#pragma once

#include <cstdint>

namespace schemaguard::parser::postgres {

enum class Certainty : uint8_t { kYes, kNo, kUnknown };

struct Reading {
  // standard_conforming_strings: a backslash inside '…' is a plain byte. kUnknown: both readings are judged.
  Certainty standard_conforming_strings = Certainty::kYes;
  // Whether every byte below 0x80 stands for itself (UTF8, LATIN*, WIN*, EUC_*, SQL_ASCII…). kNo or kUnknown for
  // SJIS, SHIFT_JIS_2004, BIG5, GBK, UHC, GB18030, JOHAB: then only 7-bit text can be read.
  Certainty ascii_safe_encoding = Certainty::kYes;
  // UTF8 or another multi-byte server encoding folds identifiers by ASCII letters only (evasion 59).
  bool operator==(const Reading&) const = default;
};

}  // namespace schemaguard::parser::postgres
