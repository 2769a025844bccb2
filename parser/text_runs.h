// Text runs: moving over words, strings and quoted names of a statement text, sixteen or sixty-four bytes at a time.
//
// The hot paths of the scanners of both engines. Every function takes the whole text, so that it may read ahead in
// blocks without leaving it, and a position inside. Nothing here allocates, fails, or looks at a byte outside the text.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace schemaguard::parser::lexical {

struct Text {
  const char* begin = nullptr;
  const char* end = nullptr;
  explicit Text(std::string_view text) : begin(text.data()), end(text.data() + text.size()) {}
};

// Letters, digits, '_', '$' and all bytes from 0x80 up: what both engines take for parts of a word.
constexpr bool is_word_byte(char byte) {
  const char lower = static_cast<char>(byte | 0x20);
  return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' || byte == '$' ||
         static_cast<uint8_t>(byte) >= 0x80;
}

inline uint64_t load_eight(const char* position) {
  uint64_t value = 0;
  std::memcpy(&value, position, sizeof value);
  return value;
}

#if defined(__SSE2__)

// True for bytes that may stand inside an identifier.
struct WordBytes {
  static uint32_t mask(__m128i block) {
    const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    // A range test with signed bytes: moving the range's first byte to -128 leaves one comparison.
    const __m128i letters =
        _mm_cmplt_epi8(_mm_add_epi8(lower, _mm_set1_epi8(static_cast<char>(-128 - 'a'))), _mm_set1_epi8(-128 + 26));
    const __m128i digits =
        _mm_cmplt_epi8(_mm_add_epi8(block, _mm_set1_epi8(static_cast<char>(-128 - '0'))), _mm_set1_epi8(-128 + 10));
    const __m128i others =
        _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('_')), _mm_cmpeq_epi8(block, _mm_set1_epi8('$')));
    // Bytes from 0x80 up are identifier bytes; their sign bit already says so.
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(others, block))));
  }
  static bool holds(char byte) { return is_word_byte(byte); }
};

template <char kFirst, char kSecond = kFirst>
struct NotAnyOf {
  static uint32_t mask(__m128i block) {
    __m128i found = _mm_cmpeq_epi8(block, _mm_set1_epi8(kFirst));
    if constexpr (kFirst != kSecond) found = _mm_or_si128(found, _mm_cmpeq_epi8(block, _mm_set1_epi8(kSecond)));
    return static_cast<uint32_t>(_mm_movemask_epi8(found)) ^ 0xFFFFU;
  }
  static bool holds(char byte) {
    if constexpr (kFirst != kSecond) {
      if (byte == kSecond) return false;
    }
    return byte != kFirst;
  }
};

// The first position from `position` on whose byte does not belong to Bytes; the end of the text when there is none.
template <typename Bytes>
inline const char* skip_while(Text text, const char* position) {
  while (text.end - position >= 16) {
    const uint32_t mask = Bytes::mask(_mm_loadu_si128(reinterpret_cast<const __m128i*>(position)));
    if (mask != 0xFFFF) return position + std::countr_zero(~mask);
    position += 16;
  }
  const auto rest = static_cast<uint32_t>(text.end - position);
  if (text.end - text.begin >= 16) {
    // Reads the last sixteen bytes of the text and shifts away those that lie before the position.
    const uint32_t mask = Bytes::mask(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text.end - 16)));
    return position + std::countr_zero(~(mask >> (16 - rest)));
  }
  while (position != text.end && Bytes::holds(*position)) ++position;
  return position;
}

#else

struct WordBytes {
  static bool holds(char byte) { return is_word_byte(byte); }
};
template <char kFirst, char kSecond = kFirst>
struct NotAnyOf {
  static bool holds(char byte) {
    if constexpr (kFirst != kSecond) {
      if (byte == kSecond) return false;
    }
    return byte != kFirst;
  }
};
template <typename Bytes>
inline const char* skip_while(Text text, const char* position) {
  while (position != text.end && Bytes::holds(*position)) ++position;
  return position;
}

#endif

inline const char* word_end(Text text, const char* position) { return skip_while<WordBytes>(text, position); }

// `position` stands behind the opening quote; answers the position behind the closing one.
template <char kQuote>
inline const char* doubled_quote_end(Text text, const char* position) {
  while (true) {
    position = skip_while<NotAnyOf<kQuote>>(text, position);
    if (position == text.end) return nullptr;
    ++position;
    if (position == text.end || *position != kQuote) return position;
    ++position;
  }
}

// The same where a backslash always takes the next byte with it.
template <char kQuote>
inline const char* backslash_quote_end(Text text, const char* position) {
  while (true) {
    position = skip_while<NotAnyOf<kQuote, '\\'>>(text, position);
    if (text.end - position < 2) return position == text.end || *position == '\\' ? nullptr : position + 1;
    if (*position == kQuote && position[1] != kQuote) return position + 1;
    position += 2;
  }
}

// The next sixty-four bytes of a text, classified once, for readers that meet many short words: answers the same as
// word_end and doubled_quote_end. Positions asked for must not go backwards.
template <char kQuote>
class Window {
 public:
  explicit Window(Text text) : text_(text) { load(text.begin); }

  // `position` stands inside or directly behind a word.
  const char* word_end_from(const char* position) {
    const size_t offset = at(position);
    const int run = std::countr_zero(~(marks_.words >> offset));
    position += run;
    return position == start_ + kBytes ? word_end(text_, position) : position;
  }

  // `position` stands behind the opening quote of a name; nullptr: there is no closing one.
  const char* quoted_name_end(const char* position) {
    const size_t offset = at(position);
    const uint64_t quotes = marks_.quotes >> offset;
    if (quotes == 0) return slow_quoted_name_end(position);
    const char* const end = position + std::countr_zero(quotes) + 1;
    return end == text_.end || *end != kQuote ? end : slow_quoted_name_end(position);
  }

 private:
  static constexpr size_t kBytes = 64;

  size_t at(const char* position) {
    if (static_cast<size_t>(position - start_) >= kBytes) load(position);
    return static_cast<size_t>(position - start_);
  }

  const char* slow_quoted_name_end(const char* position) const { return doubled_quote_end<kQuote>(text_, position); }

  // One bit a byte, the first byte lowest.
  struct Marks {
    uint64_t words = 0;   // bytes that may stand in a word
    uint64_t quotes = 0;  // kQuote
  };

  void load(const char* position) {
    start_ = position;
    marks_ = marks_from(position, std::min(static_cast<size_t>(text_.end - position), kBytes));
  }

  Marks marks_from(const char* position, size_t length) const {
    Marks marks;
#if defined(__SSE2__)
    if (static_cast<size_t>(text_.end - text_.begin) >= kBytes) {
      // Near the end of the text its last bytes are read, and those that lie before the position shifted away.
      const size_t before = kBytes - length;
      if (before == kBytes) return marks;
      for (size_t shift = 0; shift < kBytes; shift += 16) classify(position - before + shift, shift, marks);
      return {marks.words >> before, marks.quotes >> before};
    }
    if (length >= 16) {
      for (size_t shift = 0; shift + 16 <= length; shift += 16) classify(position + shift, shift, marks);
      classify(position + length - 16, length - 16, marks);
      return marks;
    }
#endif
    for (size_t i = 0; i < length; ++i) {
      marks.words |= uint64_t{is_word_byte(position[i])} << i;
      marks.quotes |= uint64_t{position[i] == kQuote} << i;
    }
    return marks;
  }

#if defined(__SSE2__)
  static void classify(const char* position, size_t shift, Marks& marks) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(position));
    marks.words |= uint64_t{WordBytes::mask(block)} << shift;
    marks.quotes |= uint64_t{NotAnyOf<kQuote>::mask(block) ^ 0xFFFFU} << shift;
  }
#endif

  Text text_;
  const char* start_ = nullptr;
  Marks marks_;
};

}  // namespace schemaguard::parser::lexical
