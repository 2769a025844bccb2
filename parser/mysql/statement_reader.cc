#include "parser/mysql/statement_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "parser/mysql/statement_dispatch.h"
#include "parser/mysql/statement_extent.h"

namespace schemaguard::parser::mysql {
namespace {

// How often the rest of a text may be parted into readings.
constexpr size_t kPartingsMax = 16;

bool is_exact(const ReadingState& state) {
  return state.flavour && state.version && state.ansi_quotes != Certainty::kUnknown &&
         state.no_backslash_escapes != Certainty::kUnknown && state.oracle != Certainty::kUnknown;
}

bool is_certain(CharacterSet set) {
  switch (set) {
    case CharacterSet::kUtf8:
    case CharacterSet::kLatin1:
    case CharacterSet::kSafe:
      return true;
    case CharacterSet::kUnsafe:
    case CharacterSet::kUnknown:
      return false;
  }
  return false;
}

class TextReader {
 public:
  TextReader(std::string_view text, const ReaderLimits& limits) : text_(text), limits_(limits) {}

  // Reads from `offset` on; `state` is what is known there and is brought up to date.
  TextFacts read(size_t offset, ReadingState& state) {
    TextFacts facts;
    while (offset < text_.size()) {
      if (!is_exact(state)) {
        part(offset, state, facts);
        return facts;
      }
      if (++statement_count_ > limits_.statements_max) return unread(std::move(facts), "too_many_statements");
      const Reading reading = possible_readings(state, {}).front();
      const StatementExtent extent = read_extent(text_, offset, reading);
      if (!extent.tokens.empty()) {
        StatementFacts one = statement_facts(text_, extent, reading, state);
        if (!is_certain(reading.character_set) && has_high_byte(offset, extent.next_offset)) {
          one.classes.add(StatementClass::kUnread);
          one.unread_reason = "unsafe_encoding";
        }
        facts.statements.push_back(std::move(one));
      }
      offset = extent.next_offset;
    }
    return facts;
  }

 private:
  static TextFacts unread(TextFacts facts, std::string_view reason) {
    facts.unread = true;
    facts.unread_reason = reason;
    return facts;
  }

  [[nodiscard]] bool has_high_byte(size_t first, size_t last) const {
    const std::string_view part = text_.substr(first, last - first);
    return std::any_of(part.begin(), part.end(), [](char byte) { return static_cast<uint8_t>(byte) >= 0x80; });
  }

  // Not executed by a server that reads it so: its lexer gives up somewhere.
  static bool gives_up(const TextFacts& facts) {
    return std::any_of(facts.statements.begin(), facts.statements.end(),
                       [](const StatementFacts& one) { return one.unread_reason == "unterminated"; });
  }

  // The rest of the text under every possible reading.
  void part(size_t offset, ReadingState& state, TextFacts& facts) {
    const std::vector<Reading> readings = possible_readings(state, text_.substr(offset));
    if (readings.empty() || ++parting_count_ > kPartingsMax) {
      facts = unread(std::move(facts), "too_many_readings");
      return;
    }
    std::vector<TextFacts> variants;
    ReadingState after = state;
    bool first = true;
    for (const Reading& reading : readings) {
      ReadingState exact = state_of(reading);
      TextFacts variant = read(offset, exact);
      if (std::find(variants.begin(), variants.end(), variant) == variants.end()) {
        variants.push_back(std::move(variant));
      }
      merge(state, exact, after, first);
      first = false;
    }
    const bool all_give_up = std::all_of(variants.begin(), variants.end(), gives_up);
    for (TextFacts& variant : variants) {
      facts.unread = facts.unread || variant.unread;
      if (facts.unread_reason.empty()) facts.unread_reason = variant.unread_reason;
      for (StatementFacts& one : variant.statements) {
        if (one.unread_reason == "unterminated" && !all_give_up) continue;
        facts.statements.push_back(std::move(one));
      }
    }
    state = after;
  }

  // What is known behind the text: modes that it did not write are as unknown as before.
  static void merge(const ReadingState& before, const ReadingState& now, ReadingState& after, bool first) {
    const ReadingState& modes = now.modes_written ? now : before;
    const auto one = [&](Certainty value, Certainty& result) {
      result = first || result == value ? value : Certainty::kUnknown;
    };
    one(modes.ansi_quotes, after.ansi_quotes);
    one(modes.no_backslash_escapes, after.no_backslash_escapes);
    one(modes.oracle, after.oracle);
    after.modes_written = after.modes_written || now.modes_written;
    after.character_set =
        first || after.character_set == now.character_set ? now.character_set : CharacterSet::kUnknown;
  }

  std::string_view text_;
  ReaderLimits limits_;
  size_t statement_count_ = 0;
  size_t parting_count_ = 0;
};

}  // namespace

TextFacts read_statements(std::string_view text, ReadingState& state, const ReaderLimits& limits) {
  return TextReader(text, limits).read(0, state);
}

}  // namespace schemaguard::parser::mysql
