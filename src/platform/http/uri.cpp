#include "platform/http/uri.hpp"

#include <cstdint>

namespace townhall::http {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The length of the well-formed UTF-8 sequence that starts `bytes` (which is not empty and not ASCII), or 0 (Unicode,
// table 3-7).
std::size_t sequence_length(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::uint8_t lead = at(0);
    std::size_t length = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    if (bytes.size() < length || at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if ((at(i) & 0xC0) != 0x80) return 0;
    }
    return length;
}

std::expected<std::string, QueryFault> decode_form(std::string_view text) {
    auto decoded = percent_decode(text, true);
    if (!decoded) return std::unexpected(QueryFault::bad_escape);
    if (decoded->contains('\0')) return std::unexpected(QueryFault::nul);
    if (!is_utf8(*decoded)) return std::unexpected(QueryFault::bad_utf8);
    return *std::move(decoded);
}

}  // namespace

std::string_view to_string(QueryFault fault) {
    switch (fault) {
        case QueryFault::bad_escape:
            return "A % must be followed by two hexadecimal digits.";
        case QueryFault::bad_utf8:
            return "The text must be UTF-8.";
        case QueryFault::nul:
            return "NUL is not allowed.";
        case QueryFault::too_many:
            return "There are too many parameters.";
    }
    return "The text is malformed.";
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t length = static_cast<std::uint8_t>(bytes.front()) < 0x80 ? 1 : sequence_length(bytes);
        if (length == 0) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            encoded += c;
        } else {
            const auto u = static_cast<std::uint8_t>(c);
            encoded += '%';
            encoded += kDigits[u >> 4];
            encoded += kDigits[u & 15];
        }
    }
    return encoded;
}

std::expected<QueryPairs, QueryFault> parse_query(std::string_view query, std::size_t most) {
    QueryPairs pairs;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        if (pair.empty()) continue;
        if (pairs.size() == most) return std::unexpected(QueryFault::too_many);
        const std::size_t equals = pair.find('=');
        auto name = decode_form(pair.substr(0, equals));
        if (!name) return std::unexpected(name.error());
        auto value = decode_form(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
        if (!value) return std::unexpected(value.error());
        pairs.emplace_back(*std::move(name), *std::move(value));
    }
    return pairs;
}

std::optional<std::string_view> find_query(const QueryPairs& pairs, std::string_view name) {
    for (const auto& [known, value] : pairs) {
        if (known == name) return value;
    }
    return std::nullopt;
}

}  // namespace townhall::http
