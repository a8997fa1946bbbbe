#pragma once

#include <algorithm>
#include <string_view>

namespace townhall {

/// An e-mail address as all of the house takes it, and as mail can be sent to: RFC 5321's dot-string and a host name.
/// Others (quoted, or beyond ASCII, which needs SMTPUTF8) are no address to us.
[[nodiscard]] constexpr bool is_mailbox(std::string_view address) {
    constexpr std::size_t kMost = 254, kMostLocal = 64;  // RFC 5321, section 4.5.3.1
    const auto alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const auto local_byte = [&](char c) {
        return alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
    };
    const auto host_byte = [&](char c) { return alnum(c) || c == '.' || c == '-'; };
    const auto ends_in = [](std::string_view part, char c) { return part.front() == c || part.back() == c; };
    const std::size_t at = address.rfind('@');
    if (address.size() > kMost || at == std::string_view::npos || at == 0 || at > kMostLocal) return false;
    const std::string_view local = address.substr(0, at), host = address.substr(at + 1);
    return !host.empty() && std::ranges::all_of(local, local_byte) && std::ranges::all_of(host, host_byte) &&
           !ends_in(local, '.') && !ends_in(host, '.') && !ends_in(host, '-') && !address.contains("..");
}

}  // namespace townhall
