#include "importer/normalise/email.hpp"

#include <cstring>
#include <unicode/unistr.h>

#include "importer/arena.hpp"
#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"

namespace townhall::importer {

namespace {

// RFC 5321 section 4.5.3.1.
constexpr std::size_t kMaxAddress = 254;
constexpr std::size_t kMaxLocal = 64;
constexpr std::size_t kMaxLabel = 63;

/// RFC 5322's atext, and RFC 6531's additions to it.
bool is_atext(char c) {
    return is_alpha(c) || is_digit(c) || is_high(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
    char before = '.';
    for (const char c : text) {
        if (c == '.' ? before == '.' : !is_atext(c)) return false;
        before = c;
    }
    return before != '.';
}

bool is_domain(std::string_view text) {
    std::size_t labels = 0;
    bool letters = false;
    while (true) {
        const std::string_view label = text.substr(0, text.find('.'));
        if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
        letters = false;
        for (const char c : label) {
            if (!is_alpha(c) && !is_digit(c) && !is_high(c) && c != '-') return false;
            letters |= !is_digit(c);
        }
        ++labels;
        if (label.size() == text.size()) break;
        text.remove_prefix(label.size() + 1);
    }
    return labels >= 2 && letters;
}

}  // namespace

std::string_view parse_email(std::string_view raw, Arena& arena) {
    const std::string_view text = trim(raw);
    if (text.size() > kMaxAddress) return {};
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > kMaxLocal) return {};
    const std::string_view domain = text.substr(at + 1);
    if (!is_dot_atom(text.substr(0, at)) || !is_domain(domain)) return {};
    if (byte_kinds(domain).high) {
        std::string lower(text.substr(0, at + 1));
        icu::UnicodeString::fromUTF8({domain.data(), static_cast<std::int32_t>(domain.size())})
            .toLower()
            .toUTF8String(lower);
        return lower.size() > kMaxAddress ? std::string_view{} : arena.copy(lower);
    }
    bool lower = true;
    for (const char c : domain) lower &= !is_upper(c);
    if (lower) return text;
    char* out = arena.take(text.size());
    std::memcpy(out, text.data(), text.size());
    for (std::size_t i = at + 1; i < text.size(); ++i) out[i] = to_lower(text[i]);
    return {out, text.size()};
}

std::optional<std::string> parse_email(std::string_view text) {
    Arena arena;
    const std::string_view email = parse_email(text, arena);
    if (email.empty()) return std::nullopt;
    return std::string(email);
}

}  // namespace townhall::importer
