#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace townhall::guard {

/// Fills `out` from OpenSSL's CSPRNG through a per-thread buffer (a call for a few bytes costs nanoseconds). Bytes
/// leave the buffer once and are wiped. Throws std::runtime_error when the system has no randomness.
void random_bytes(std::span<std::uint8_t> out);

template <std::size_t N>
[[nodiscard]] std::array<std::uint8_t, N> random_array() {
    std::array<std::uint8_t, N> out;
    random_bytes(out);
    return out;
}

}  // namespace townhall::guard
