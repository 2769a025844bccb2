#include "tests/policies/rules/mysql_corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace schemaguard::policies {
namespace {

std::vector<std::filesystem::path> files_of(std::string_view folder) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path path = std::filesystem::path(TEST_SOURCE_DIR) / "e2e" / "mysql" / folder;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string place_of(const std::filesystem::path& file, size_t line) {
  return file.filename().string() + ":" + std::to_string(line);
}

// {0C} is the byte with that number.
std::string with_bytes(std::string_view text) {
  std::string out;
  const auto digit = [](char one) { return std::string_view("0123456789ABCDEF").find(one); };
  for (size_t at = 0; at < text.size(); ++at) {
    const bool byte = text[at] == '{' && at + 3 < text.size() && text[at + 3] == '}' &&
                      digit(text[at + 1]) != std::string_view::npos && digit(text[at + 2]) != std::string_view::npos;
    out.push_back(byte ? static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2])) : text[at]);
    if (byte) at += 3;
  }
  return out;
}

}  // namespace

std::vector<HarmlessText> harmless_texts() {
  std::vector<HarmlessText> texts;
  for (const std::filesystem::path& file : files_of("false_alarms")) {
    std::ifstream stream(file);
    const bool all_by_migrator = file.filename() == "migrators.sql";
    HarmlessText next{.place = {}, .text = {}, .by_migrator = all_by_migrator};
    const auto finish = [&] {
      if (!next.text.empty()) texts.push_back(next);
      next = {.place = {}, .text = {}, .by_migrator = all_by_migrator};
    };
    size_t number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      if (line.empty()) {
        finish();
      } else if (next.text.empty() && line.starts_with("--")) {
        if (line == "-- migrator") next.by_migrator = true;
        if (line == "-- mysql") next.mariadb = false;
        if (line == "-- mariadb") next.mysql = false;
      } else {
        if (next.text.empty()) next.place = place_of(file, number);
        next.text += (next.text.empty() ? "" : "\n") + line;
      }
    }
    finish();
  }
  return texts;
}

std::vector<BypassCase> bypass_cases() {
  std::vector<BypassCase> cases;
  for (const std::filesystem::path& file : files_of("bypasses")) {
    std::ifstream stream(file);
    size_t number = 0;
    bool inside = false;  // the head of a file is a comment
    for (std::string line; std::getline(stream, line);) {
      ++number;
      if (line.starts_with("-- case: ")) {
        cases.push_back({.place = place_of(file, number), .name = line.substr(9)});
        inside = true;
      } else if (!inside || line.empty() || line.starts_with("-- setup: ") || line == "-- direct: fails") {
        continue;
      } else if (line == "-- next") {
        cases.back().messages.emplace_back();
      } else if (line.starts_with("-- expect: ")) {
        cases.back().expect = line.substr(11);
      } else if (line.starts_with("-- server: ")) {
        cases.back().mysql = line == "-- server: mysql";
        cases.back().mariadb = line == "-- server: mariadb";
      } else {
        std::string& message = cases.back().messages.back();
        message += (message.empty() ? "" : "\n") + with_bytes(line);
      }
    }
  }
  return cases;
}

}  // namespace schemaguard::policies
