// The statements of tests/e2e/mysql: harmless ones (false_alarms) and bypasses, as unit tests read them.
//
// The formats are described at the head of clients_and_drivers.sql and statements.sql. The same files are played
// against a live server by the end-to-end tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace schemaguard::policies {

struct HarmlessText {
  std::string place;  // "frameworks.sql:12"
  std::string text;
  bool by_migrator = false;
  bool mysql = true;  // read by MySQL
  bool mariadb = true;
};

struct BypassCase {
  std::string place;
  std::string name;
  std::vector<std::string> messages = {""};
  std::string expect = "block";
  bool mysql = true;
  bool mariadb = true;
};

std::vector<HarmlessText> harmless_texts();
std::vector<BypassCase> bypass_cases();

}  // namespace schemaguard::policies
