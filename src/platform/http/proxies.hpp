#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Who sent a request that came through proxies. All pure.
namespace townhall::http {

/// The proxies that are believed when they say for whom they speak. Empty: nobody is.
class TrustedProxies {
  public:
    /// Addresses and networks (CIDR), IPv4 and IPv6, separated by commas. Otherwise what is wrong, as a sentence to
    /// stand behind the option's name.
    [[nodiscard]] static std::expected<TrustedProxies, std::string> parse(std::string_view list);

    [[nodiscard]] bool empty() const { return networks_.empty(); }

    /// An IPv4 address and the same one mapped into IPv6 are one.
    [[nodiscard]] bool trusts(const boost::asio::ip::address& address) const;

  private:
    using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d

    struct Network {
        Bytes first;
        unsigned bits;
    };

    [[nodiscard]] static Bytes bytes_of(const boost::asio::ip::address& address);
    [[nodiscard]] static std::expected<Network, std::string> parse_network(std::string_view text);
    [[nodiscard]] static bool holds(const Network& network, const Bytes& address);

    std::vector<Network> networks_;
};

struct Origin {
    boost::asio::ip::address address;
    bool secure = false;  // by https
};

/// Where a request comes from that `peer` sent: from there, unless the peer is a trusted proxy. Proxies append, so the
/// list of X-Forwarded-For or, without one, of Forwarded (RFC 7239) is read from its end, past trusted proxies only:
/// the first address that is not one of them is the client's, and what stands before it may be its invention. Reading
/// ends at anything malformed. The scheme is what the same proxy tells, by X-Forwarded-Proto or Forwarded's `proto`.
[[nodiscard]] Origin origin_of(const TrustedProxies& proxies, const Origin& peer,
                               std::span<const std::pair<std::string_view, std::string_view>> fields);

}  // namespace townhall::http
