#include "importer/encoding/utf8.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "importer/arena.hpp"
#include "importer/normalise/ascii.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace townhall::importer {

namespace {

// 0x80 to 0x9F of Windows-1252; the rest equals Latin-1.
constexpr std::array<char16_t, 32> kWindows1252{0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

char32_t code_point_1252(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte;
}

bool continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

}  // namespace

ByteKinds byte_kinds(std::string_view bytes) {
    ByteKinds kinds;
    const char* p = bytes.data();
    std::size_t left = bytes.size();
#if defined(__SSE2__)
    __m128i high = _mm_setzero_si128();
    __m128i nul = _mm_setzero_si128();
    for (; left >= 16; p += 16, left -= 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        high = _mm_or_si128(high, block);
        nul = _mm_or_si128(nul, _mm_cmpeq_epi8(block, _mm_setzero_si128()));
    }
    kinds.high = _mm_movemask_epi8(high) != 0;
    kinds.nul = _mm_movemask_epi8(nul) != 0;
#endif
    for (; left > 0; ++p, --left) {
        kinds.high |= is_high(*p);
        kinds.nul |= *p == '\0';
    }
    return kinds;
}

std::size_t utf8_sequence(std::string_view bytes, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    const std::size_t left = bytes.size() - at;
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (left < length || !continuation(byte(1))) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (!continuation(byte(i))) return 0;
    return length;
}

bool valid_utf8(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.size() - at >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, 8);
            if ((word & 0x8080808080808080ULL) == 0) {
                at += 8;
                continue;
            }
        }
        const std::size_t length = utf8_sequence(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::size_t write_utf8(char32_t code, char* out) {
    const auto put = [&](std::size_t i, char32_t bits) { out[i] = static_cast<char>(bits); };
    if (code < 0x80) {
        put(0, code);
        return 1;
    }
    if (code < 0x800) {
        put(0, 0xC0 | (code >> 6));
        put(1, 0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        put(0, 0xE0 | (code >> 12));
        put(1, 0x80 | ((code >> 6) & 0x3F));
        put(2, 0x80 | (code & 0x3F));
        return 3;
    }
    put(0, 0xF0 | (code >> 18));
    put(1, 0x80 | ((code >> 12) & 0x3F));
    put(2, 0x80 | ((code >> 6) & 0x3F));
    put(3, 0x80 | (code & 0x3F));
    return 4;
}

std::string_view from_windows1252(std::string_view bytes, Arena& arena) {
    if (!byte_kinds(bytes).high) return bytes;
    char* out = arena.take(bytes.size() * 3);
    std::size_t size = 0;
    for (const char c : bytes) size += write_utf8(code_point_1252(c), out + size);
    arena.shrink(out, size);
    return {out, size};
}

std::string readable(std::string_view bytes, Encoding encoding, std::size_t limit) {
    const bool latin =
        encoding == Encoding::windows1252 || (encoding == Encoding::utf8_or_windows1252 && !valid_utf8(bytes));
    std::string out;
    out.reserve(bytes.size() < limit ? bytes.size() : limit);
    for (std::size_t at = 0; at < bytes.size();) {
        std::array<char, 4> made{};
        const std::size_t taken = latin ? 1 : utf8_sequence(bytes, at);
        std::string_view piece = bytes.substr(at, taken);
        if (taken == 0 || bytes[at] == '\0') {
            piece = {made.data(), write_utf8(0xFFFD, made.data())};
        } else if (latin) {
            piece = {made.data(), write_utf8(code_point_1252(bytes[at]), made.data())};
        }
        if (out.size() + piece.size() > limit) break;
        out += piece;
        at += taken == 0 ? 1 : taken;
    }
    return out;
}

}  // namespace townhall::importer
