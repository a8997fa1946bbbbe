#pragma once

#include <cstdint>
#include <string_view>

namespace townhall::guard {

/// Whose requests count together: an IPv4 address by itself, an IPv6 address with the others of its /64, for a host
/// chooses freely among those. An IPv4 address that is written as IPv6 (mapped, or behind NAT64, RFC 6052) counts as
/// what it is. What is no address (a Unix socket's peer) is one network.
[[nodiscard]] std::uint64_t network_of(std::string_view address);

}  // namespace townhall::guard
