// Any bytes at all as a statement text: the reader must not crash, must stay inside the text, and must never find a
// schema change under one reading that it loses when both readings are asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/postgres/statement_reader.h"

namespace {

using namespace schemaguard::parser;
using namespace schemaguard::parser::postgres;

// The fuzzer's thread has an ordinary stack.
constexpr size_t kTextBytesMax = 16 * 1024;

ClassSet classes_of(const TextFacts& facts, std::string_view text) {
  ClassSet classes;
  if (facts.unread) classes.add(StatementClass::kUnread);
  if (facts.unread && facts.unread_reason.empty()) std::abort();
  for (const StatementFacts& statement : facts.statements) {
    if (statement.classes.empty()) std::abort();
    if (statement.offset + statement.length > text.size()) std::abort();
    if (statement.classes.has(StatementClass::kUnread) && statement.unread_reason.empty()) std::abort();
    classes.add(statement.classes);
  }
  return classes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kTextBytesMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Reading reading;
  const ClassSet conforming = classes_of(read_statements(text, reading), text);
  reading.standard_conforming_strings = Certainty::kNo;
  const ClassSet escaping = classes_of(read_statements(text, reading), text);
  reading.standard_conforming_strings = Certainty::kUnknown;
  const ClassSet either = classes_of(read_statements(text, reading), text);
  // Without a backslash both readings are one.
  ClassSet expected = conforming;
  if (text.find('\\') != std::string_view::npos) expected.add(escaping);
  if (!(either == expected)) std::abort();
  return 0;
}
