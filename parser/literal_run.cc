#include "parser/literal_run.h"

namespace schemaguard::parser {

#if defined(__SSE2__)
namespace {

// One bit a byte of a block of 64.
struct BlockBits {
  uint64_t quotes = 0;
  uint64_t stops = 0;  // letters, bytes from 0x80 up, and the marks that somebody has to look at
  uint64_t digits = 0;
  uint64_t dots = 0;
  uint64_t dashes = 0;
  uint64_t backslashes = 0;
};

inline __m128i equal(__m128i block, char byte) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte)); }

inline __m128i in_range(__m128i block, char first, int count) {
  return _mm_cmplt_epi8(_mm_add_epi8(block, _mm_set1_epi8(static_cast<char>(-128 - first))),
                        _mm_set1_epi8(static_cast<char>(-128 + count)));
}

inline uint64_t bits(__m128i mask, int shift) {
  return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(mask))) << shift;
}

template <LiteralSyntax kSyntax>
inline BlockBits classify(const char* position, bool backslash_escapes) {
  BlockBits result;
  for (int shift = 0; shift < 64; shift += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(position + shift));
    const __m128i letters = in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 26);
    __m128i marks = _mm_or_si128(_mm_or_si128(equal(block, '_'), equal(block, '"')),
                                 _mm_or_si128(equal(block, '$'), _mm_or_si128(equal(block, '/'), equal(block, ';'))));
    if constexpr (kSyntax == LiteralSyntax::kMySql) {
      marks = _mm_or_si128(marks, _mm_or_si128(_mm_or_si128(equal(block, '`'), equal(block, '#')),
                                               _mm_or_si128(equal(block, '@'), equal(block, ':'))));
      marks =
          _mm_or_si128(marks, _mm_or_si128(equal(block, '['), _mm_or_si128(equal(block, '\\'), equal(block, '\0'))));
    }
    // The sign bit of `block` itself marks the bytes from 0x80 up.
    result.stops |= bits(_mm_or_si128(_mm_or_si128(letters, marks), block), shift);
    result.quotes |= bits(equal(block, '\''), shift);
    result.digits |= bits(in_range(block, '0', 10), shift);
    result.dots |= bits(equal(block, '.'), shift);
    result.dashes |= bits(equal(block, '-'), shift);
    if (backslash_escapes) result.backslashes |= bits(equal(block, '\\'), shift);
  }
  return result;
}

constexpr bool is_white_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// The length of NULL, TRUE, FALSE or DEFAULT as a whole list element at `position`, else 0. These are reserved words,
// so nothing behind them can make them anything else.
inline size_t literal_word_length(lexical::Text text, const char* position) {
  constexpr uint64_t kFold = 0x2020202020202020ULL;
  constexpr uint64_t kNull = 0x6C6C756EULL;
  constexpr uint64_t kTrue = 0x65757274ULL;
  constexpr uint64_t kFalse = 0x65736C6166ULL;
  constexpr uint64_t kDefault = 0x746C7561666564ULL;
  if (text.end - position < 8) return 0;
  const char before = position[-1];
  if (before != ',' && before != '(' && !is_white_space(before)) return 0;
  const uint64_t word = lexical::load_eight(position) | kFold;
  size_t length = 0;
  if ((word & 0xFFFFFFFFULL) == kNull || (word & 0xFFFFFFFFULL) == kTrue) length = 4;
  if ((word & 0xFFFFFFFFFFULL) == kFalse) length = 5;
  if ((word & 0xFFFFFFFFFFFFFFULL) == kDefault) length = 7;
  if (length == 0) return 0;
  const char after = position[length];
  return after == ',' || after == ')' || is_white_space(after) ? length : 0;
}

// Bit i tells whether an odd number of the bits 0 to i is set.
inline uint64_t parity_so_far(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

}  // namespace

template <LiteralSyntax kSyntax>
const char* literal_run_end(lexical::Text text, const char* position, bool backslash_escapes) {
  uint64_t carried = 0;                // all ones while a string reaches into this block
  const char* open_string = position;  // the opening quote of that string
  while (text.end - position >= 64) {
    const BlockBits block = classify<kSyntax>(position, backslash_escapes);
    // A doubled quote closes and opens again: no difference for a string without escapes.
    const uint64_t inside = parity_so_far(block.quotes) ^ carried;
    const uint64_t odd_dots = block.dots & ~((block.digits << 1) & (block.digits >> 1));
    const uint64_t odd_dashes = block.dashes & ((block.dashes << 1) | (block.dashes >> 1) | (uint64_t{1} << 63));
    const uint64_t escapes = block.backslashes & inside;
    uint64_t events = ((block.stops | odd_dots | odd_dashes) & ~inside) | escapes;
    const char* next = position + 64;
    while (events != 0) {
      const int event = std::countr_zero(events);
      const char* const here = position + event;
      if (((escapes >> event) & 1) != 0) {
        const uint64_t openings = block.quotes & inside & ((uint64_t{1} << event) - 1);
        return openings != 0 ? position + (63 - std::countl_zero(openings)) : open_string;
      }
      const size_t word = literal_word_length(text, here);
      if (word == 0) return here;
      const size_t behind = static_cast<size_t>(event) + word;
      if (behind >= 64) {
        // The next block begins behind the word, outside of any string.
        next = here + word;
        break;
      }
      events &= ~uint64_t{0} << behind;
    }
    if (next == position + 64) {
      const uint64_t openings = block.quotes & inside;
      if (openings != 0) open_string = position + (63 - std::countl_zero(openings));
      carried = (inside >> 63) != 0 ? ~uint64_t{0} : 0;
    } else {
      carried = 0;
    }
    position = next;
  }
  return carried != 0 ? open_string : position;
}

#else

template <LiteralSyntax kSyntax>
const char* literal_run_end(lexical::Text, const char* position, bool) {
  return position;
}

#endif

template const char* literal_run_end<LiteralSyntax::kPostgres>(lexical::Text, const char*, bool);
template const char* literal_run_end<LiteralSyntax::kMySql>(lexical::Text, const char*, bool);

}  // namespace schemaguard::parser
