// Any bytes at all as a MySQL statement text: the reader must not crash, must stay inside the text, and must find under
// an uncertain state every class that it finds under any of the readings that are possible.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/mysql/statement_reader.h"

namespace {

using namespace schemaguard::parser;
using namespace schemaguard::parser::mysql;

constexpr size_t kTextBytesMax = 4096;

ClassSet classes_of(const TextFacts& facts, std::string_view text) {
  ClassSet classes;
  if (facts.unread) classes.add(StatementClass::kUnread);
  if (facts.unread && facts.unread_reason.empty()) std::abort();
  for (const StatementFacts& statement : facts.statements) {
    if (statement.classes.empty()) std::abort();
    if (statement.offset + statement.length > text.size()) std::abort();
    if (statement.classes.has(StatementClass::kUnread) && statement.unread_reason.empty()) std::abort();
    // A statement that only the server's lexer rejects does not count beside readings under which it runs.
    if (statement.unread_reason == "unterminated") continue;
    classes.add(statement.classes);
  }
  return classes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kTextBytesMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  ReadingState state;
  if ((data[0] & 1) != 0) {
    state.flavour = Flavour::kMariaDb;
    state.version = 101119;
  }
  if ((data[0] & 2) != 0) state.forget_settings();
  ReadingState after = state;
  const TextFacts facts = read_statements(text, after);
  const ClassSet all = classes_of(facts, text);
  if (facts.unread) return 0;
  for (const Reading& reading : possible_readings(state, text)) {
    ReadingState exact = state_of(reading);
    const ClassSet one = classes_of(read_statements(text, exact), text);
    if ((one.bits() & ~all.bits()) != 0) std::abort();
  }
  return 0;
}
