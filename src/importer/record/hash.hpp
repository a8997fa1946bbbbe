#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "importer/record/record.hpp"

namespace townhall::importer {

/// A fast 128-bit hash over a sequence of values, each with its length, so that no two sequences run together. Not for
/// secrets. Its results are stored: changing it makes every voter of a file without ids a new one.
class Hasher {
  public:
    void add(std::string_view value) {
        const char* at = value.data();
        const std::size_t size = value.size();
        if (size > 16) {
            for (std::size_t left = size; left > 16; at += 16, left -= 16) mix(load(at), load(at + 8));
            at = value.data() + size;
            mix(load(at - 16), load(at - 8));  // the last sixteen, some of them again
            mix(size, kSize);
        } else if (size >= 8) {
            mix(load(at) ^ size * kSize, load(at + size - 8));
        } else {
            mix(size * kSize, load_few(at, size));
        }
    }
    void add(std::uint64_t value) { mix(value, 0xD1B54A32D192ED03ULL); }

    [[nodiscard]] Hash128 finish() const {
        return {multiply(high_ ^ kA, low_ ^ kB) ^ low_, multiply(low_ ^ kC, high_ ^ kD) ^ high_};
    }

  private:
    __extension__ using Wide = unsigned __int128;
    static constexpr std::uint64_t kSize = 0x9E3779B97F4A7C15ULL;
    static constexpr std::uint64_t kA = 0xA0761D6478BD642FULL;
    static constexpr std::uint64_t kB = 0xE7037ED1A0B428DBULL;
    static constexpr std::uint64_t kC = 0x8EBC6AF09C88C6E3ULL;
    static constexpr std::uint64_t kD = 0x589965CC75374CC3ULL;

    static std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }
    static std::uint64_t load(const char* at) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
        return word;
    }
    static std::uint64_t load_few(const char* at, std::size_t size) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < size; ++i) word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
        return word;
    }
    void mix(std::uint64_t a, std::uint64_t b) {
        // Rotating keeps what came before even where a product is zero.
        const std::uint64_t high = high_;
        high_ = std::rotl(high_, 23) ^ multiply(low_ ^ a ^ kA, b ^ kB);
        low_ = std::rotl(low_, 41) ^ multiply(high ^ b ^ kC, a ^ kD);
    }

    std::uint64_t high_ = kA;
    std::uint64_t low_ = kC;
};

}  // namespace townhall::importer
