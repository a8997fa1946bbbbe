#include "importer/normalise/postal.hpp"

#include <array>
#include <utility>

#include "importer/arena.hpp"
#include "importer/normalise/ascii.hpp"
#include "importer/normalise/name.hpp"
#include "importer/normalise/postal_view.hpp"

namespace townhall::importer {

namespace {

using State = std::pair<std::string_view, std::string_view>;
constexpr std::array<State, 62> kStates{{{"AL", "alabama"},
                                         {"AK", "alaska"},
                                         {"AZ", "arizona"},
                                         {"AR", "arkansas"},
                                         {"CA", "california"},
                                         {"CO", "colorado"},
                                         {"CT", "connecticut"},
                                         {"DE", "delaware"},
                                         {"DC", "district of columbia"},
                                         {"FL", "florida"},
                                         {"GA", "georgia"},
                                         {"HI", "hawaii"},
                                         {"ID", "idaho"},
                                         {"IL", "illinois"},
                                         {"IN", "indiana"},
                                         {"IA", "iowa"},
                                         {"KS", "kansas"},
                                         {"KY", "kentucky"},
                                         {"LA", "louisiana"},
                                         {"ME", "maine"},
                                         {"MD", "maryland"},
                                         {"MA", "massachusetts"},
                                         {"MI", "michigan"},
                                         {"MN", "minnesota"},
                                         {"MS", "mississippi"},
                                         {"MO", "missouri"},
                                         {"MT", "montana"},
                                         {"NE", "nebraska"},
                                         {"NV", "nevada"},
                                         {"NH", "new hampshire"},
                                         {"NJ", "new jersey"},
                                         {"NM", "new mexico"},
                                         {"NY", "new york"},
                                         {"NC", "north carolina"},
                                         {"ND", "north dakota"},
                                         {"OH", "ohio"},
                                         {"OK", "oklahoma"},
                                         {"OR", "oregon"},
                                         {"PA", "pennsylvania"},
                                         {"RI", "rhode island"},
                                         {"SC", "south carolina"},
                                         {"SD", "south dakota"},
                                         {"TN", "tennessee"},
                                         {"TX", "texas"},
                                         {"UT", "utah"},
                                         {"VT", "vermont"},
                                         {"VA", "virginia"},
                                         {"WA", "washington"},
                                         {"WV", "west virginia"},
                                         {"WI", "wisconsin"},
                                         {"WY", "wyoming"},
                                         {"AS", "american samoa"},
                                         {"GU", "guam"},
                                         {"MP", "northern mariana islands"},
                                         {"PR", "puerto rico"},
                                         {"VI", "virgin islands"},
                                         {"AA", "armed forces americas"},
                                         {"AE", "armed forces europe"},
                                         {"AP", "armed forces pacific"},
                                         {"FM", "micronesia"},
                                         {"MH", "marshall islands"},
                                         {"PW", "palau"}}};

constexpr std::size_t slot(char a, char b) {
    return static_cast<std::size_t>(a - 'A') * 26 + static_cast<std::size_t>(b - 'A');
}

/// Indexed by the two letters; the index into kStates plus one.
constexpr auto kByCode = [] {
    std::array<unsigned char, 676> table{};
    for (std::size_t i = 0; i < kStates.size(); ++i)
        table[slot(kStates[i].first[0], kStates[i].first[1])] = static_cast<unsigned char>(i + 1);
    return table;
}();

bool loses_leading_zero(std::string_view state) {
    if (state.empty()) return true;
    for (const std::string_view code : {"CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "AE"})
        if (state == code) return true;
    return false;
}

PostalView in_parts(std::string_view zip, std::string_view zip4) {
    if (zip == "00000") return {};
    return {zip, zip4 == "0000" ? std::string_view{} : zip4};
}

PostalView us_code(std::string_view text, std::string_view state, Arena& arena) {
    std::array<char, 10> digits{};
    std::size_t count = 0;
    std::size_t gap = 0;  // where the separator stood
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_digit(text[i])) {
            if (count == 9) return {};
            digits[count++] = text[i];
        } else if ((text[i] == '-' || text[i] == ' ') && count >= 3 && (gap == 0 || gap == count)) {
            gap = count;
        } else {
            return {};
        }
    }
    std::string_view all = arena.copy({digits.data(), count});
    const std::size_t head = gap == 0 ? (count > 5 ? count - 4 : count) : gap;
    if (count - head != 0 && count - head != 4) return {};
    if (head == 5) return in_parts(all.substr(0, 5), all.substr(5));
    if ((head != 4 && head != 3) || !loses_leading_zero(state)) return {};
    char* padded = arena.take(9);
    const std::size_t zeros = 5 - head;
    for (std::size_t i = 0; i < zeros; ++i) padded[i] = '0';
    for (std::size_t i = 0; i < count; ++i) padded[zeros + i] = all[i];
    const std::string_view whole(padded, zeros + count);
    return in_parts(whole.substr(0, 5), whole.substr(5));
}

PostalView foreign_code(std::string_view text, Arena& arena) {
    if (text.size() < 2 || text.size() > 12) return {};
    char* out = arena.take(text.size());
    bool digit = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_alpha(text[i]) && !is_digit(text[i]) && text[i] != ' ' && text[i] != '-') return {};
        digit |= is_digit(text[i]);
        out[i] = to_upper(text[i]);
    }
    return digit ? PostalView{{out, text.size()}, {}} : PostalView{};
}

}  // namespace

bool us_country(std::string_view country) {
    for (const std::string_view name : {"US", "USA", "U.S.", "U.S.A.", "UNITED STATES", "UNITED STATES OF AMERICA"})
        if (equals_ignoring_case(country, name)) return true;
    return false;
}

std::string_view us_state_code(std::string_view raw) {
    const std::string_view text = trim(raw);
    if (text.size() == 2 && is_alpha(text[0]) && is_alpha(text[1])) {
        const auto index = kByCode[slot(to_upper(text[0]), to_upper(text[1]))];
        return index == 0 ? std::string_view{} : kStates[index - 1U].first;
    }
    if (text.size() < 4 || text.size() > 24) return {};
    const std::string folded = fold_name(text);
    for (const auto& [code, name] : kStates)
        if (folded == name) return code;
    return {};
}

PostalView parse_postal_code(std::string_view raw, std::string_view state, std::string_view country, Arena& arena) {
    std::string_view text = trim(raw);
    if (text.ends_with(".0")) text.remove_suffix(2);
    if (text.empty() || text.size() > 12) return {};
    bool five = text.size() == 5;
    bool letters = false;
    for (const char c : text) {
        five &= is_digit(c);
        letters |= is_alpha(c);
    }
    if ((!country.empty() && !us_country(country)) || letters) return foreign_code(text, arena);
    if (five) return in_parts(text, {});
    return us_code(text, state, arena);
}

std::optional<PostalCode> parse_postal_code(std::string_view text, std::string_view state, std::string_view country) {
    Arena arena;
    const PostalView view = parse_postal_code(text, state, country, arena);
    if (view.zip.empty()) return std::nullopt;
    return PostalCode{std::string(view.zip), std::string(view.zip4)};
}

std::string_view clean_code(std::string_view text, Arena& arena) {
    const std::string_view clean = clean_text(text, arena);
    if (clean.size() > 4) return clean;
    bool upper = true;
    for (const char c : clean) upper &= !is_lower(c);
    if (upper) return clean;
    char* out = arena.take(clean.size());
    for (std::size_t i = 0; i < clean.size(); ++i) out[i] = to_upper(clean[i]);
    return {out, clean.size()};
}

std::string clean_code(std::string_view text) {
    Arena arena;
    return std::string(clean_code(text, arena));
}

}  // namespace townhall::importer
