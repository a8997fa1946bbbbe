#pragma once

#include <array>
#include <string_view>

/// Classes of characters, as tables: they are looked at for every byte of every header.
namespace townhall::http {

using CharacterTable = std::array<bool, 256>;

constexpr CharacterTable make_table(std::string_view others) {
    CharacterTable table{};
    for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (const char c : others) table[static_cast<unsigned char>(c)] = true;
    return table;
}

inline constexpr CharacterTable kTokenCharacters = make_table("!#$%&'*+-.^_`|~");  // RFC 9110, section 5.6.2
inline constexpr CharacterTable kIdCharacters = make_table("._:-");
inline constexpr CharacterTable kHostCharacters = make_table("-._~:[]%!$&'()*+;=");  // reg-name, IP literal, port

inline bool all_of(const CharacterTable& table, std::string_view text) {
    for (const char c : text) {
        if (!table[static_cast<unsigned char>(c)]) return false;
    }
    return true;
}

/// Without blanks and tabs at its ends: the OWS of RFC 9110, section 5.6.3.
inline std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Whether any byte is a control character other than the tab.
inline bool has_control(std::string_view text) {
    unsigned bad = 0;  // no early exit: the loop is vectorised
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        bad |= static_cast<unsigned>(u < 0x20U) & static_cast<unsigned>(u != '\t');
        bad |= static_cast<unsigned>(u == 0x7fU);
    }
    return bad != 0;
}

}  // namespace townhall::http
