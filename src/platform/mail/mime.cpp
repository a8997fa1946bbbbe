#include "platform/mail/mime.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <string_view>

#include "platform/mailbox.hpp"

namespace townhall::mail {

namespace {

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The longest beginning of `text` of at most `limit` bytes that ends between two characters.
std::string_view whole_characters(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    std::size_t end = limit;
    while (end > 1 && is_continuation(text[end])) --end;
    return text.substr(0, end);
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) out += k <= group.size() ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

/// Header text: as it is while it is ASCII and short, else RFC 2047 encoded words of at most 75 characters, folded. The
/// first line has room for the header's name.
std::string header_text(std::string_view text) {
    if (is_plain(text) && text.size() <= 60 && !text.starts_with("=?") && text.find("=?") == std::string_view::npos) {
        return std::string(text);
    }
    std::string out;
    while (!text.empty()) {
        const std::string_view part = whole_characters(text, 39);
        if (!out.empty()) out += "\r\n ";
        out += fmt::format("=?UTF-8?B?{}?=", base64(part));
        text.remove_prefix(part.size());
    }
    return out;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// What people typed as a name may hold line breaks; in a header it is one line.
std::string one_line(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return out;
}

std::string address_text(std::string_view field, const Address& address) {
    if (!is_mailbox(address.email)) throw BadMessage(fmt::format("{}: not an e-mail address", field));
    if (address.name.empty()) return address.email;
    std::string name = header_text(one_line(address.name));
    if (!name.starts_with("=?")) {
        std::string quoted = "\"";
        for (const char c : name) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        name = quoted + '"';
    }
    return fmt::format("{}\r\n <{}>", name, address.email);
}

/// RFC 2045 quoted-printable: lines of at most 76 characters, line ends as CRLF.
std::string quoted_printable(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    auto put = [&](std::string_view piece) {
        if (column + piece.size() > 75) {
            out += "=\r\n";
            column = 0;
        }
        out += piece;
        column += piece.size();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (c == '\n') {
            out += "\r\n";
            column = 0;
            continue;
        }
        const bool at_line_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
        const bool blank = (c == ' ' || c == '\t') && !at_line_end;
        if (blank || (c > 0x20 && c < 0x7F && c != '=')) {
            put({&c, 1});
        } else {
            put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
        }
    }
    if (column > 0) out += "\r\n";
    return out;
}

std::string part(std::string_view type, std::string_view text) {
    return fmt::format("Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
                       type, quoted_printable(text));
}

/// Never in quoted-printable text, where `=` is followed by two hex digits or a line end (RFC 2045, section 6.7).
std::string boundary_of(const Message& message) { return fmt::format("=_{}", message.id.substr(0, 64)); }

bool valid_id(std::string_view id) {
    auto allowed = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; };
    return !id.empty() && id.size() <= 120 && id[0] != '.' && std::ranges::all_of(id, allowed);
}

}  // namespace

std::optional<Address> address_from(std::string_view text) {
    auto trimmed = [](std::string_view s) {
        while (s.starts_with(' ')) s.remove_prefix(1);
        while (s.ends_with(' ')) s.remove_suffix(1);
        return s;
    };
    text = trimmed(text);
    Address address{std::string(text)};
    if (const std::size_t open = text.rfind('<'); open != std::string_view::npos && text.ends_with('>')) {
        address.email = text.substr(open + 1, text.size() - open - 2);
        std::string_view name = trimmed(text.substr(0, open));
        if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
        address.name = name;
    }
    if (!is_mailbox(address.email) || !is_one_line(address.name)) return std::nullopt;
    return address;
}

std::string to_eml(const Message& message, observe::Time date) {
    if (!valid_id(message.id)) throw BadMessage("id: not an identifier");
    if (!is_one_line(message.subject)) throw BadMessage("subject: a control character");
    const std::time_t seconds = std::chrono::system_clock::to_time_t(date);
    std::string out =
        fmt::format("From: {}\r\nTo: {}\r\n", address_text("from", message.from), address_text("to", message.to));
    if (message.reply_to) out += fmt::format("Reply-To: {}\r\n", address_text("reply_to", *message.reply_to));
    out += fmt::format("Subject: {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} +0000\r\n", header_text(message.subject),
                       fmt::gmtime(seconds));
    out += fmt::format("Message-ID: <{}@{}>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n", message.id,
                       message.from.email.substr(message.from.email.rfind('@') + 1));
    if (!message.html) return out + part("plain", message.text);
    const std::string boundary = boundary_of(message);
    out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n", boundary);
    out += fmt::format("--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n", boundary, part("plain", message.text),
                       part("html", *message.html));
    return out;
}

}  // namespace townhall::mail
