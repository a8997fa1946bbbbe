#include "platform/http/proxies.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <fmt/format.h>
#include <optional>

#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::http {
namespace {

namespace ip = boost::asio::ip;

using Fields = std::span<const std::pair<std::string_view, std::string_view>>;

std::optional<ip::address> parse_address(std::string_view text) {
    if (text.contains('%')) return std::nullopt;  // a zone means something on one machine alone
    boost::system::error_code fault;
    const auto address = ip::make_address(std::string(text), fault);
    if (fault) return std::nullopt;
    return address;
}

ip::address plain(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

bool is_port(std::string_view text) {
    const bool hidden = text.starts_with('_');  // RFC 7239, section 6.3
    return !text.empty() && text.size() <= 32 && all_of(kIdCharacters, text) &&
           (hidden || std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }));
}

// An address with or without a port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
std::optional<ip::address> parse_node(std::string_view text) {
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
        has_port = !rest.empty();
        port = rest.substr(has_port ? 1 : 0);
        text = text.substr(1, end - 1);
        if (!text.contains(':')) return std::nullopt;
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
        has_port = true;
        port = text.substr(colon + 1);
        text = text.substr(0, colon);
    }
    if (has_port && !is_port(port)) return std::nullopt;
    const auto address = parse_address(text);
    return address ? std::optional(plain(*address)) : std::nullopt;
}

// The elements of a list that may be spread over several fields, the last one first. A comma within quotes parts
// nothing; as quotes are counted from the end, one that somebody opened further left hides nothing on its right.
class FromTheEnd {
  public:
    FromTheEnd(Fields fields, std::string_view name) : fields_(fields), name_(name) { next_field(); }

    [[nodiscard]] bool ended() const { return !more_; }

    std::string_view take() {
        bool quoted = false;
        std::size_t at = rest_.size();
        while (at > 0 && (quoted || rest_[at - 1] != ',')) {
            if (rest_[at - 1] == '"' && !is_escaped(at - 1)) quoted = !quoted;
            --at;
        }
        const std::string_view element = trimmed(rest_.substr(at));
        if (at == 0) {
            next_field();
        } else {
            rest_ = rest_.substr(0, at - 1);
        }
        return element;
    }

  private:
    [[nodiscard]] bool is_escaped(std::size_t at) const {
        std::size_t slashes = 0;
        while (slashes < at && rest_[at - 1 - slashes] == '\\') ++slashes;
        return slashes % 2 == 1;
    }

    void next_field() {
        more_ = false;
        while (!fields_.empty() && !more_) {
            const auto& [name, value] = fields_.back();
            if (equal_without_case(name, name_)) {
                rest_ = value;
                more_ = true;
            }
            fields_ = fields_.first(fields_.size() - 1);
        }
    }

    Fields fields_;
    std::string_view name_;
    std::string_view rest_;
    bool more_ = false;
};

// What one element of Forwarded says, as written.
struct Forwarding {
    std::optional<std::string> node;
    std::optional<std::string> scheme;
};

// Takes a token or a quoted string off `rest`.
std::optional<std::string> take_value(std::string_view& rest) {
    std::string value;
    if (!rest.starts_with('"')) {
        // Brackets and colons of addresses belong into quotes; many leave them out.
        const std::size_t end = std::min(rest.find(';'), rest.size());
        value = trimmed(rest.substr(0, end));
        rest.remove_prefix(end);
        return value.contains('"') ? std::nullopt : std::optional(value);
    }
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest = trimmed(rest.substr(i + 1));
            return value;
        }
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        value += rest[i];
    }
    return std::nullopt;
}

// RFC 7239, section 4. Nothing when it is malformed or says something twice.
std::optional<Forwarding> parse_forwarding(std::string_view rest) {
    Forwarding said;
    while (!rest.empty()) {
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view name = trimmed(rest.substr(0, equals));
        rest = trimmed(rest.substr(equals + 1));
        auto value = take_value(rest);
        if (!value || !all_of(kTokenCharacters, name)) return std::nullopt;
        if (equal_without_case(name, "for") && std::exchange(said.node, *value)) return std::nullopt;
        if (equal_without_case(name, "proto") && std::exchange(said.scheme, *value)) return std::nullopt;
        if (!rest.empty() && !rest.starts_with(';')) return std::nullopt;
        rest = trimmed(rest.substr(std::min<std::size_t>(1, rest.size())));
    }
    return said;
}

std::optional<bool> is_secure(std::string_view scheme) {
    if (equal_without_case(scheme, "https")) return true;
    if (equal_without_case(scheme, "http")) return false;
    return std::nullopt;
}

// Proxies either append to X-Forwarded-Proto as they do to X-Forwarded-For, or the outermost sets it and the others
// leave it alone. `hops`: how many of them stand between that one and us.
std::optional<bool> told_scheme(Fields fields, std::size_t hops) {
    FromTheEnd schemes(fields, "x-forwarded-proto");
    if (schemes.ended()) return std::nullopt;
    std::string_view scheme = schemes.take();
    if (schemes.ended()) return is_secure(scheme);
    for (std::size_t i = 0; i < hops; ++i) {
        if (schemes.ended()) return std::nullopt;
        scheme = schemes.take();
    }
    return is_secure(scheme);
}

Origin by_x_forwarded_for(const TrustedProxies& proxies, const Origin& peer, Fields fields, FromTheEnd nodes) {
    Origin origin = peer;
    std::size_t elements = 0;
    while (!nodes.ended() && proxies.trusts(origin.address)) {
        const auto address = parse_node(nodes.take());
        if (!address) break;
        origin.address = *address;
        ++elements;
    }
    origin.secure = told_scheme(fields, elements == 0 ? 0 : elements - 1).value_or(peer.secure);
    return origin;
}

Origin by_forwarded(const TrustedProxies& proxies, const Origin& peer, FromTheEnd elements) {
    Origin origin = peer;
    while (!elements.ended() && proxies.trusts(origin.address)) {
        const auto said = parse_forwarding(elements.take());
        if (!said) break;
        origin.secure = is_secure(said->scheme.value_or("")).value_or(peer.secure);
        const auto address = said->node ? parse_node(*said->node) : std::nullopt;
        if (!address) break;
        origin.address = *address;
    }
    return origin;
}

}  // namespace

TrustedProxies::Bytes TrustedProxies::bytes_of(const ip::address& address) {
    return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes()
                           : address.to_v6().to_bytes();
}

bool TrustedProxies::holds(const Network& network, const Bytes& address) {
    const std::size_t whole = network.bits / 8;
    const unsigned rest = network.bits % 8;
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), network.first.begin())) {
        return false;
    }
    return rest == 0 || ((address[whole] ^ network.first[whole]) >> (8 - rest)) == 0;
}

bool TrustedProxies::trusts(const ip::address& address) const {
    const Bytes bytes = bytes_of(address);
    return std::ranges::any_of(networks_, [&bytes](const Network& network) { return holds(network, bytes); });
}

std::expected<TrustedProxies::Network, std::string> TrustedProxies::parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::unexpected(fmt::format("holds '{}', which is no IP address", text));
    const unsigned most = address->is_v4() ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const std::string_view number = text.substr(slash + 1);
        const char* end = number.data() + number.size();
        const auto [stopped, fault] = std::from_chars(number.data(), end, bits);
        if (fault != std::errc() || stopped != end || bits > most) {
            return std::unexpected(fmt::format("holds '{}': behind the slash comes a number from 0 to {}", text, most));
        }
    }
    const Network network{bytes_of(*address), bits + 128 - most};
    Bytes masked{};
    for (unsigned i = 0; i < network.bits; ++i) {
        const auto bit = static_cast<std::uint8_t>(0x80U >> (i % 8));
        masked[i / 8] = static_cast<std::uint8_t>(masked[i / 8] | (network.first[i / 8] & bit));
    }
    if (masked != network.first) {
        return std::unexpected(fmt::format("holds '{}', which has bits set behind the first {}", text, bits));
    }
    return network;
}

std::expected<TrustedProxies, std::string> TrustedProxies::parse(std::string_view list) {
    TrustedProxies proxies;
    if (trimmed(list).empty()) return proxies;
    for (std::string_view rest = list;;) {
        const std::size_t comma = rest.find(',');
        auto network = parse_network(trimmed(rest.substr(0, comma)));
        if (!network) return std::unexpected(std::move(network.error()));
        proxies.networks_.push_back(*network);
        if (comma == std::string_view::npos) return proxies;
        rest.remove_prefix(comma + 1);
    }
}

Origin origin_of(const TrustedProxies& proxies, const Origin& peer, Fields fields) {
    if (!proxies.trusts(peer.address)) return peer;
    const FromTheEnd nodes(fields, "x-forwarded-for");
    const FromTheEnd elements(fields, "forwarded");
    if (nodes.ended() && !elements.ended()) return by_forwarded(proxies, peer, elements);
    return by_x_forwarded_for(proxies, peer, fields, nodes);
}

}  // namespace townhall::http
