// YAML reader: typed access to one mapping of the configuration file, with errors that help.
//
// Every error names file, line, key, the value found and what is accepted; a misspelt key gets a suggestion. Errors are
// collected, so that one run of check-config shows all of them. Values of unknown keys are never printed: they may be
// secrets in the wrong place. Uses yaml-cpp nodes, which must outlive the reader; never throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace schemaguard::proxy {

class YamlErrors {
 public:
  explicit YamlErrors(std::string file) : file_(std::move(file)) {}
  void add(const YAML::Mark& mark, std::string_view key, std::string_view what);
  void add_without_line(std::string_view what);
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] std::string text() const;
  // "schemaguard.yaml:31"
  [[nodiscard]] std::string place(const YAML::Mark& mark) const;

 private:
  std::string file_;
  std::vector<std::string> messages_;
};

// A value as errors may show it: clipped, printable, without logins.
std::string shown_value(const YAML::Node& node);

class YamlMap {
 public:
  // `path` is the key path for errors ("servers[0].tls"); empty at the top.
  YamlMap(const YAML::Node& node, std::string path, YamlErrors& errors);

  // The node under `key`, if it is written and not null. Marks the key as known.
  std::optional<YAML::Node> take(std::string_view key);

  void text(std::string_view key, std::string& out);
  // A single value or a list of them. Returns the marks of the elements.
  std::vector<YAML::Mark> texts(std::string_view key, std::vector<std::string>& out);
  void flag(std::string_view key, bool& out);
  void flag(std::string_view key, std::optional<bool>& out);
  // "10000", "64KiB", "64MiB", "1GiB".
  void bytes(std::string_view key, size_t& out, size_t min, size_t max);
  void count(std::string_view key, size_t& out, size_t min, size_t max);
  // "500ms", "30s", "5m", "1h".
  void duration(std::string_view key, std::chrono::milliseconds& out);
  // The index of the value among `accepted`, if the key is written and right.
  std::optional<size_t> choice(std::string_view key, std::initializer_list<std::string_view> accepted);
  // Calls `read` for every element of a list under `key`.
  void list(std::string_view key, const std::function<void(const YAML::Node&, const std::string& path)>& read);

  void error(std::string_view key, std::string_view what);
  [[nodiscard]] YAML::Mark mark_of(std::string_view key) const;
  [[nodiscard]] YAML::Mark mark() const { return mark_; }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] bool valid() const { return valid_; }
  // Complains about every key that nobody took. Call it last.
  void finish();

 private:
  std::optional<std::string> scalar(std::string_view key, std::string_view accepted);

  YAML::Node node_;
  YAML::Mark mark_;
  std::string path_;
  YamlErrors& errors_;
  std::vector<std::string> known_;
  bool valid_ = true;
};

// The word of `words` that was probably meant, or nothing.
std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& words);

}  // namespace schemaguard::proxy
