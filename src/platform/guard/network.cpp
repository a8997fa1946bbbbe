#include "platform/guard/network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <span>

namespace townhall::guard {

namespace {

std::uint64_t number(std::span<const std::uint8_t> bytes) {
    std::uint64_t out = 0;
    for (const std::uint8_t byte : bytes) out = out << 8 | byte;
    return out;
}

/// A number that is no /64 of the public internet: those begin with 001.
std::uint64_t of_ipv4(std::span<const std::uint8_t> bytes) { return 0xFFFF'FFFF'0000'0000 | number(bytes); }

bool holds_ipv4(std::span<const std::uint8_t, 16> bytes) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    constexpr std::array<std::uint8_t, 12> kTranslated{0, 0x64, 0xFF, 0x9B};
    const auto prefix = bytes.first<12>();
    return std::ranges::equal(prefix, kMapped) || std::ranges::equal(prefix, kTranslated);
}

}  // namespace

std::uint64_t network_of(std::string_view address) {
    address = address.substr(0, address.find('%'));  // the zone of a link-local address
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.size() >= text.size()) return 0;
    address.copy(text.data(), address.size());
    std::array<std::uint8_t, 16> bytes{};
    if (::inet_pton(AF_INET, text.data(), bytes.data()) == 1) return of_ipv4(std::span(bytes).first<4>());
    if (::inet_pton(AF_INET6, text.data(), bytes.data()) != 1) return 0;
    if (holds_ipv4(bytes)) return of_ipv4(std::span(bytes).last<4>());
    return number(std::span(bytes).first<8>());
}

}  // namespace townhall::guard
