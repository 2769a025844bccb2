// Feeds the scanner and the grammar the same bytes; any disagreement (see scan_oracle.h) is a crash.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/parser/postgres/scan_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace schemaguard::parser::postgres;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size > 2000 || text.find('\0') != std::string_view::npos) return 0;
  for (const bool conforming : {true, false}) {
    const std::string disagreement = scan_oracle::find_disagreement(text, conforming);
    if (!disagreement.empty()) {
      std::fprintf(stderr, "%s\n%.*s\n", disagreement.c_str(), static_cast<int>(size), text.data());
      std::abort();
    }
  }
  scan_sql(text, {.standard_conforming_strings = Certainty::kUnknown});
  return 0;
}
