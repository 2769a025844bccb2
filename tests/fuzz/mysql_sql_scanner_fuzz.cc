// Feeds the MySQL scanner and the statement reader the same bytes under one reading state; any disagreement (see
// scan_oracle.h) is a crash. The first byte chooses what is known of the session.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/parser/mysql/scan_oracle.h"

namespace {

using namespace schemaguard::parser::mysql;

constexpr size_t kTextBytesMax = 4096;

ReadingState chosen_state(uint8_t choice) {
  constexpr Certainty kCertainties[] = {Certainty::kNo, Certainty::kYes, Certainty::kUnknown, Certainty::kNo};
  constexpr CharacterSet kSets[] = {CharacterSet::kUtf8, CharacterSet::kLatin1, CharacterSet::kSafe,
                                    CharacterSet::kUnsafe};
  ReadingState state;
  const bool mariadb = (choice & 1) != 0;
  if ((choice & 0x80) == 0) {
    state.flavour = mariadb ? Flavour::kMariaDb : Flavour::kMySql;
    state.version = mariadb ? 101119 : 80403;
  }
  state.ansi_quotes = kCertainties[(choice >> 1) & 3];
  state.no_backslash_escapes = kCertainties[(choice >> 3) & 3];
  state.character_set = kSets[(choice >> 5) & 3];
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kTextBytesMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string disagreement = scan_oracle::find_disagreement(text, chosen_state(data[0]));
  if (!disagreement.empty()) {
    std::fprintf(stderr, "%s\n%.*s\n", disagreement.c_str(), static_cast<int>(text.size()), text.data());
    std::abort();
  }
  return 0;
}
