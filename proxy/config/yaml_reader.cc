#include "proxy/config/yaml_reader.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "policies/rules/concatenate.h"

namespace schemaguard::proxy {
namespace {

using policies::concatenate;

constexpr size_t kErrorsMax = 50;
constexpr size_t kShownBytesMax = 80;
constexpr std::chrono::hours kDurationMax{24 * 7};

std::optional<uint64_t> whole_number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  return value;
}

struct Unit {
  std::string_view suffix;
  uint64_t factor;
};

// A number directly followed by one of the units.
std::optional<uint64_t> number_with_unit(std::string_view text, std::initializer_list<Unit> units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<uint64_t> number = whole_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) == unit.suffix && *number <= UINT64_MAX / unit.factor) return *number * unit.factor;
  }
  return std::nullopt;
}

size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= left.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string join(std::initializer_list<std::string_view> words) {
  std::string joined;
  for (const std::string_view word : words) {
    if (!joined.empty()) joined += ", ";
    joined += word;
  }
  return joined;
}

}  // namespace

void YamlErrors::add(const YAML::Mark& mark, std::string_view key, std::string_view what) {
  if (messages_.size() >= kErrorsMax) return;
  messages_.push_back(concatenate({place(mark), ": ", key, key.empty() ? "" : ": ", what}));
}

void YamlErrors::add_without_line(std::string_view what) {
  if (messages_.size() < kErrorsMax) messages_.push_back(concatenate({file_, ": ", what}));
}

std::string YamlErrors::text() const {
  std::string all;
  for (const std::string& message : messages_) {
    if (!all.empty()) all += '\n';
    all += message;
  }
  return all;
}

std::string YamlErrors::place(const YAML::Mark& mark) const {
  return mark.is_null() ? file_ : concatenate({file_, ":", std::to_string(mark.line + 1)});
}

std::string shown_value(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (!node.IsScalar()) return "nothing";
  std::string value = node.Scalar();
  if (value.find('@') != std::string::npos) return "a value with a login in it";
  const bool clipped = value.size() > kShownBytesMax;
  if (clipped) value.resize(kShownBytesMax);
  for (char& byte : value) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) byte = '?';
  }
  return concatenate({"\"", value, clipped ? "...\"" : "\""});
}

YamlMap::YamlMap(const YAML::Node& node, std::string path, YamlErrors& errors)
    : node_(node), mark_(node.Mark()), path_(std::move(path)), errors_(errors) {
  if (!node_.IsMap()) {
    valid_ = false;
    errors_.add(mark_, path_, concatenate({"found ", shown_value(node_), "; accepted: a mapping of keys to values"}));
    return;
  }
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const YAML::Node& key = entry.first;
    if (!key.IsScalar()) {
      errors_.add(key.Mark(), path_, "a key must be a plain word");
    } else if (!seen.insert(key.Scalar()).second) {
      errors_.add(key.Mark(), path_of(key.Scalar()), "this key is written twice");
    }
  }
}

std::string YamlMap::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : concatenate({path_, ".", key});
}

YAML::Mark YamlMap::mark_of(std::string_view key) const {
  if (valid_) {
    for (const auto& entry : node_) {
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.first.Mark();
    }
  }
  return mark_;
}

std::optional<YAML::Node> YamlMap::take(std::string_view key) {
  known_.emplace_back(key);
  if (!valid_) return std::nullopt;
  for (const auto& entry : node_) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) {
      if (!entry.second.IsNull()) return entry.second;
      error(key, "nothing is written behind this key");
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void YamlMap::error(std::string_view key, std::string_view what) { errors_.add(mark_of(key), path_of(key), what); }

std::optional<std::string> YamlMap::scalar(std::string_view key, std::string_view accepted) {
  const std::optional<YAML::Node> node = take(key);
  if (!node) return std::nullopt;
  if (node->IsScalar()) return node->Scalar();
  error(key, concatenate({"found ", shown_value(*node), "; accepted: ", accepted}));
  return std::nullopt;
}

void YamlMap::text(std::string_view key, std::string& out) {
  std::optional<std::string> value = scalar(key, "a text");
  if (!value) return;
  if (value->empty() || value->find('\0') != std::string::npos) {
    error(key, "found an empty text or a NUL byte; accepted: a text");
    return;
  }
  out = *std::move(value);
}

std::vector<YAML::Mark> YamlMap::texts(std::string_view key, std::vector<std::string>& out) {
  std::vector<YAML::Mark> marks;
  const std::optional<YAML::Node> node = take(key);
  if (!node) return marks;
  const auto add = [&](const YAML::Node& element) {
    if (!element.IsScalar() || element.Scalar().empty() || element.Scalar().find('\0') != std::string::npos) {
      errors_.add(element.Mark(), path_of(key),
                  concatenate({"found ", shown_value(element), "; accepted: a text or a list of texts"}));
      return;
    }
    out.push_back(element.Scalar());
    marks.push_back(element.Mark());
  };
  if (node->IsSequence()) {
    for (const YAML::Node& element : *node) add(element);
  } else {
    add(*node);
  }
  return marks;
}

void YamlMap::flag(std::string_view key, bool& out) {
  std::optional<bool> value;
  flag(key, value);
  out = value.value_or(out);
}

void YamlMap::flag(std::string_view key, std::optional<bool>& out) {
  const std::optional<std::string> value = scalar(key, "true or false");
  if (!value) return;
  if (*value == "true" || *value == "yes") {
    out = true;
  } else if (*value == "false" || *value == "no") {
    out = false;
  } else {
    error(key, concatenate({"found ", shown_value(YAML::Node(*value)), "; accepted: true or false"}));
  }
}

void YamlMap::bytes(std::string_view key, size_t& out, size_t min, size_t max) {
  const std::optional<std::string> value = scalar(key, "a size such as 64MiB");
  if (!value) return;
  const std::optional<uint64_t> number =
      number_with_unit(*value, {{"", 1}, {"KiB", 1024}, {"MiB", 1024ULL * 1024}, {"GiB", 1024ULL * 1024 * 1024}});
  if (!number || *number < min || *number > max) {
    error(key, concatenate({"found ", shown_value(YAML::Node(*value)), "; accepted: ", std::to_string(min), " to ",
                            std::to_string(max), " bytes, plain or with KiB, MiB or GiB"}));
    return;
  }
  out = *number;
}

void YamlMap::count(std::string_view key, size_t& out, size_t min, size_t max) {
  const std::optional<std::string> value = scalar(key, "a number");
  if (!value) return;
  const std::optional<uint64_t> number = whole_number(*value);
  if (!number || *number < min || *number > max) {
    error(key, concatenate({"found ", shown_value(YAML::Node(*value)), "; accepted: a number from ",
                            std::to_string(min), " to ", std::to_string(max)}));
    return;
  }
  out = *number;
}

void YamlMap::duration(std::string_view key, std::chrono::milliseconds& out) {
  const std::optional<std::string> value = scalar(key, "a time such as 30s");
  if (!value) return;
  const std::optional<uint64_t> number =
      number_with_unit(*value, {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}});
  if (!number || *number == 0 || *number > static_cast<uint64_t>(std::chrono::milliseconds(kDurationMax).count())) {
    error(key, concatenate({"found ", shown_value(YAML::Node(*value)),
                            "; accepted: a time with its unit, such as 500ms, 30s, 5m or 1h, up to 168h"}));
    return;
  }
  out = std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*number));
}

std::optional<size_t> YamlMap::choice(std::string_view key, std::initializer_list<std::string_view> accepted) {
  const std::optional<std::string> value = scalar(key, join(accepted));
  if (!value) return std::nullopt;
  const auto found = std::find(accepted.begin(), accepted.end(), *value);
  if (found != accepted.end()) return static_cast<size_t>(found - accepted.begin());
  error(key, concatenate({"found ", shown_value(YAML::Node(*value)), "; accepted: ", join(accepted)}));
  return std::nullopt;
}

void YamlMap::list(std::string_view key, const std::function<void(const YAML::Node&, const std::string& path)>& read) {
  const std::optional<YAML::Node> node = take(key);
  if (!node) return;
  if (!node->IsSequence()) {
    error(key, concatenate({"found ", shown_value(*node), "; accepted: a list"}));
    return;
  }
  for (size_t index = 0; index < node->size(); ++index) {
    read((*node)[index], concatenate({path_of(key), "[", std::to_string(index), "]"}));
  }
}

void YamlMap::finish() {
  if (!valid_) return;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) continue;
    const std::string& key = entry.first.Scalar();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string accepted;
    for (const std::string& known : known_) {
      if (!accepted.empty()) accepted += ", ";
      accepted += known;
    }
    const std::optional<std::string> meant = closest_word(key, known_);
    errors_.add(entry.first.Mark(), path_of(shown_value(entry.first)),
                concatenate({"unknown key", meant ? "; did you mean " : "", meant ? *meant : "",
                             meant ? "?" : concatenate({"; accepted: ", accepted})}));
  }
}

std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& words) {
  if (word.size() > 100) return std::nullopt;
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : words) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace schemaguard::proxy
