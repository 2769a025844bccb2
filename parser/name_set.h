// NameSet: a fixed set of names, looked up by hash. Made by the compiler from one text; exact, byte for byte. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace schemaguard::parser {

// The names of a text in which a single space stands behind each.
constexpr size_t count_names(std::string_view text) { return static_cast<size_t>(std::ranges::count(text, ' ')); }

// `kSlotCount`: a power of two, about four slots a name, so that nearly every look-up ends at the first slot.
template <size_t kNameCount, size_t kSlotCount>
class NameSet {
 public:
  // `text` must outlive the set.
  constexpr explicit NameSet(std::string_view text) {
    size_t start = 0;
    uint16_t position = 0;
    for (std::string_view& name : names_) {
      const size_t end = text.find(' ', start);
      name = text.substr(start, end - start);
      start = end + 1;
      size_t slot = slot_of(name);
      // Collisions go to the next slot.
      while (slots_[slot] != 0) slot = (slot + 1) % kSlotCount;
      slots_[slot] = ++position;
    }
  }

  [[nodiscard]] constexpr std::span<const std::string_view> names() const { return names_; }

  [[nodiscard]] bool contains(std::string_view name) const {
    for (size_t slot = slot_of(name); slots_[slot] != 0; slot = (slot + 1) % kSlotCount) {
      if (names_[slots_[slot] - 1U] == name) return true;
    }
    return false;
  }

 private:
  static_assert((kSlotCount & (kSlotCount - 1)) == 0 && kNameCount * 3 < kSlotCount);

  static constexpr uint64_t load_bytes(std::string_view bytes) {
    if (!std::is_constant_evaluated() && bytes.size() == 8) {
      uint64_t value = 0;
      std::memcpy(&value, bytes.data(), 8);
      return value;
    }
    uint64_t value = 0;
    for (size_t i = bytes.size(); i > 0; --i) value = (value << 8) | static_cast<uint8_t>(bytes[i - 1]);
    return value;
  }

  // Head, tail and length tell nearly all names apart; the comparison that follows makes the answer exact.
  static constexpr size_t slot_of(std::string_view name) {
    const uint64_t head = load_bytes(name.substr(0, 8));
    const uint64_t tail = name.size() > 8 ? load_bytes(name.substr(name.size() - 8)) : name.size();
    const uint64_t mixed = (head * 0x9E3779B97F4A7C15ULL) ^ ((tail + name.size()) * 0xC2B2AE3D27D4EB4FULL);
    return static_cast<size_t>(((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL >> 32) % kSlotCount);
  }

  std::array<std::string_view, kNameCount> names_{};
  std::array<uint16_t, kSlotCount> slots_{};  // position in `names_` plus one; 0 is free
};

}  // namespace schemaguard::parser
