#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace townhall::importer {

/// Finds the bytes that cut a table's text, 64 at a time. It remembers one block, so that a row of short fields costs
/// a few instructions a field. Reads up to 63 bytes behind `end`, which must exist and be none of the signs.
class Scanner {
  public:
    Scanner(char delimiter, char quote, char line_end) : delimiter_(delimiter), quote_(quote), line_end_(line_end) {}

    /// Looks at [begin, end) from now on; everything remembered is forgotten.
    void reset(const char* begin, const char* end) {
        begin_ = begin;
        size_ = static_cast<std::size_t>(end - begin);
        block_ = SIZE_MAX;
    }

    /// The first delimiter or line end at or behind `from`, or `end`.
    const char* separator(const char* from) { return find<&Masks::separators>(from); }
    /// The first quote or line end at or behind `from`, or `end`.
    const char* quote_or_line_end(const char* from) { return find<&Masks::quotes>(from); }

  private:
    struct Masks {
        std::uint64_t separators = 0;
        std::uint64_t quotes = 0;
    };

    template <auto kMask>
    const char* find(const char* from) {
        const auto at = static_cast<std::size_t>(from - begin_);
        std::size_t block = at & ~std::size_t{63};
        if (block >= size_) return begin_ + size_;
        if (block != block_) load(block);
        std::uint64_t mask = masks_.*kMask & (~std::uint64_t{0} << (at & 63));
        while (mask == 0) {
            block += 64;
            if (block >= size_) return begin_ + size_;
            load(block);
            mask = masks_.*kMask;
        }
        const std::size_t found = block + static_cast<std::size_t>(std::countr_zero(mask));
        return begin_ + (found < size_ ? found : size_);
    }

    void load(std::size_t block) {
        block_ = block;
        const char* bytes = begin_ + block;
        std::uint64_t delimiters = 0;
        std::uint64_t quotes = 0;
        std::uint64_t ends = 0;
#if defined(__SSE2__)
        const __m128i delimiter = _mm_set1_epi8(delimiter_);
        const __m128i quote = _mm_set1_epi8(quote_);
        const __m128i end = _mm_set1_epi8(line_end_);
        for (int i = 0; i < 4; ++i) {
            const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
            const auto bits = [&](__m128i sign) {
                return static_cast<std::uint64_t>(
                           static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, sign))))
                       << (16 * i);
            };
            delimiters |= bits(delimiter);
            quotes |= bits(quote);
            ends |= bits(end);
        }
#else
        for (int i = 0; i < 64; ++i) {
            delimiters |= std::uint64_t{bytes[i] == delimiter_} << i;
            quotes |= std::uint64_t{bytes[i] == quote_} << i;
            ends |= std::uint64_t{bytes[i] == line_end_} << i;
        }
#endif
        masks_ = {delimiters | ends, quotes | ends};
    }

    char delimiter_;
    char quote_;
    char line_end_;
    const char* begin_ = nullptr;
    std::size_t size_ = 0;
    std::size_t block_ = SIZE_MAX;
    Masks masks_;
};

}  // namespace townhall::importer
