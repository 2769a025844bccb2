// WordTable: the words that a scanner must know, found by one multiplication and two comparisons.
//
// A word is given as its first sixteen bytes with 0x20 set in each (which folds ASCII letters, maps '_' to 0x7F, and
// keeps all other identifier bytes apart), zero-padded. Longer words are never looked up. Tables are made by the
// compiler, which also checks that no two words share a slot. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "parser/text_runs.h"

namespace schemaguard::parser {

struct FoldedWord {
  uint64_t head = 0;
  uint64_t tail = 0;
  bool operator==(const FoldedWord&) const = default;
};

inline constexpr uint64_t kFoldMask = 0x2020202020202020ULL;

constexpr FoldedWord fold_word(std::string_view word) {
  FoldedWord folded;
  for (size_t i = 0; i < word.size() && i < 16; ++i) {
    const uint64_t byte = static_cast<uint8_t>(word[i] | 0x20);
    (i < 8 ? folded.head : folded.tail) |= byte << (8 * (i % 8));
  }
  return folded;
}

constexpr uint64_t low_bytes(size_t count) { return count >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * count)) - 1; }

// The first sixteen bytes of the name of `length` bytes, read without leaving the text.
inline FoldedWord fold_name(lexical::Text text, const char* start, size_t length) {
  FoldedWord folded;
  if (length >= 8) {
    folded.head = lexical::load_eight(start) | kFoldMask;
    if (length >= 16) {
      folded.tail = lexical::load_eight(start + 8) | kFoldMask;
    } else if (length > 8) {
      folded.tail = (lexical::load_eight(start + length - 8) | kFoldMask) >> (8 * (16 - length));
    }
  } else if (text.end - start >= 8) {
    folded.head = (lexical::load_eight(start) | kFoldMask) & low_bytes(length);
  } else {
    folded = fold_word(std::string_view(start, length));
  }
  return folded;
}

template <typename Word>
struct WordRow {
  Word word;
  std::string_view spellings;  // parted by single spaces
};

template <typename Word, size_t kRowCount>
constexpr size_t count_spellings(const WordRow<Word> (&rows)[kRowCount]) {
  size_t count = 0;
  for (const WordRow<Word>& row : rows) {
    ++count;
    for (const char byte : row.spellings) count += byte == ' ' ? 1 : 0;
  }
  return count;
}

// `kFactor` is chosen by trial so that no two words share a slot; whoever makes a table asserts that.
template <typename Word, size_t kSpellingCount, size_t kSlotBits, uint64_t kFactor>
class WordTable {
 public:
  constexpr WordTable(std::span<const WordRow<Word>> rows, Word none) {
    entries_[0].word = none;
    uint8_t next = 1;
    for (const WordRow<Word>& row : rows) {
      std::string_view rest = row.spellings;
      while (!rest.empty()) {
        const size_t length = rest.find(' ') == std::string_view::npos ? rest.size() : rest.find(' ');
        const FoldedWord spelling = fold_word(rest.substr(0, length));
        lengths_[static_cast<size_t>(rest[0]) & 31] |= uint32_t{1} << length;
        rest.remove_prefix(length == rest.size() ? length : length + 1);
        uint8_t& slot = slots_[slot_of(spelling)];
        collision_ = collision_ || slot != 0;
        slot = next;
        entries_[next++] = {spelling, row.word};
      }
    }
  }

  [[nodiscard]] constexpr bool collision() const { return collision_; }

  // A first look: false for most words that are not in the table, and for all longer than sixteen bytes.
  [[nodiscard]] bool may_hold(char first, size_t length) const {
    return length <= 16 && ((lengths_[static_cast<uint8_t>(first) & 31] >> length) & 1) != 0;
  }

  [[nodiscard]] Word find(FoldedWord folded) const {
    const Entry& entry = entries_[slots_[slot_of(folded)]];
    return entry.spelling == folded ? entry.word : entries_[0].word;
  }

 private:
  static_assert(kSpellingCount < 255);

  struct Entry {
    FoldedWord spelling;
    Word word{};
  };

  static constexpr size_t slot_of(FoldedWord word) {
    return static_cast<size_t>(((word.head ^ (word.tail * 0x9E3779B97F4A7C15ULL)) * kFactor) >> (64 - kSlotBits));
  }

  std::array<uint8_t, size_t{1} << kSlotBits> slots_{};  // position in `entries_`; 0, the empty word, when free
  std::array<Entry, kSpellingCount + 1> entries_{};
  std::array<uint32_t, 32> lengths_{};  // by first letter: one bit for each length that occurs
  bool collision_ = false;
};

}  // namespace schemaguard::parser
