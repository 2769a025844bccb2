// Redaction under arbitrary surroundings: whatever stands around it, a secret behind PASSWORD never comes out.
//
// The input chooses the classes, how the secret is quoted and the texts before and behind it. Those are cut out of the
// input as they are, so that they may open quotes, comments and brackets; only the marker's own bytes are taken out.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policies/audit/redaction.h"

namespace {

constexpr std::string_view kMarker = "Zq7Marker";

std::string quoted(unsigned choice) {
  const std::string marker(kMarker);
  switch (choice % 6) {
    case 0:
      return "'" + marker + "'";
    case 1:
      return "E'" + marker + "'";
    case 2:
      return "$$" + marker + "$$";
    case 3:
      return "U&'" + marker + "'";
    case 4:
      return "$q$" + marker + "$q$";
    default:
      return "N'" + marker + "'";
  }
}

std::string without_marker(std::string text) {
  for (size_t at = text.find(kMarker); at != std::string::npos; at = text.find(kMarker)) text.erase(at, 1);
  return text;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  using schemaguard::parser::StatementClass;
  schemaguard::parser::StatementFacts facts;
  facts.classes.add(static_cast<StatementClass>(data[0] % schemaguard::parser::kStatementClassCount));
  facts.classes.add(static_cast<StatementClass>(data[1] % schemaguard::parser::kStatementClassCount));
  std::string rest;
  std::transform(data + 3, data + size, std::back_inserter(rest), [](uint8_t byte) { return static_cast<char>(byte); });
  rest = without_marker(rest);
  const size_t middle = rest.find('|');
  const std::string before = rest.substr(0, middle);
  const std::string behind = middle == std::string::npos ? "" : rest.substr(middle + 1);
  const char* const keyword = (data[2] & 0x80U) == 0 ? " PASSWORD " : " password=";
  const std::string statement = before + keyword + quoted(data[2]) + behind;
  const std::string redacted = schemaguard::policies::redact_postgres_statement(statement, facts);
  require(redacted.find(kMarker) == std::string::npos);
  require(redacted.size() <= 16384);
  const std::string clause = schemaguard::policies::redact_postgres_clause(statement);
  require(clause.find(kMarker) == std::string::npos);
  require(schemaguard::policies::fingerprint_postgres(statement).size() == 32);
  // The same for MySQL's places, under any reading that the text leaves open.
  const std::string account = before + " IDENTIFIED BY " + quoted(0) + behind;
  for (const auto& text : {account, before + " master_password=" + quoted(0) + behind}) {
    const schemaguard::parser::mysql::ReadingState reading;
    const std::string kept = schemaguard::policies::redact_mysql_statement(text, facts, reading);
    require(kept.find(kMarker) == std::string::npos);
    require(kept.size() <= 16384);
    require(schemaguard::policies::redact_mysql_clause(text, "alter_options", reading).find(kMarker) ==
            std::string::npos);
    require(schemaguard::policies::fingerprint_mysql(text, reading).size() == 32);
  }
  require(schemaguard::policies::describe_unread(statement).find(kMarker) == std::string::npos);
  return 0;
}
