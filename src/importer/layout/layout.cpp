#include "importer/layout/layout.hpp"

#include <algorithm>

#include "importer/normalise/ascii.hpp"
#include "importer/normalise/date.hpp"

namespace townhall::importer {

std::string plain_header(std::string_view header) {
    std::string out;
    for (const char c : header)
        if (is_alpha(c) || is_digit(c) || is_high(c)) out += to_lower(c);
    return out;
}

std::size_t fault_columns(const std::vector<std::string>& plain_headers) {
    if (plain_headers.empty() || plain_headers.front() != "errorline") return 0;
    const auto is_ours = [](std::string_view header) {
        while (!header.empty() && is_digit(header.back())) header.remove_suffix(1);  // "error_line (2)"
        return std::any_of(generic_rules().begin(), generic_rules().end(),
                           [&](const ColumnRule& rule) { return rule.field == Field::ignored && rule.name == header; });
    };
    const auto behind = std::find_if_not(plain_headers.begin(), plain_headers.end(), is_ours);
    return static_cast<std::size_t>(behind - plain_headers.begin());
}

bool is_known_header(std::string_view header) {
    if (header.size() > 100) return false;
    const std::string plain = plain_header(header);
    const auto knows = [&](std::span<const ColumnRule> rules) {
        return std::any_of(rules.begin(), rules.end(), [&](const ColumnRule& rule) { return rule.name == plain; });
    };
    if (knows(generic_rules())) return true;
    if (std::any_of(florida_names().begin(), florida_names().end(),
                    [&](std::string_view name) { return plain_header(name) == plain; }))
        return true;
    return std::any_of(state_layouts().begin(), state_layouts().end(),
                       [&](const Layout& layout) { return knows(layout.rules); });
}

bool is_layout_source(std::string_view source) {
    return source == kFloridaSource || std::any_of(state_layouts().begin(), state_layouts().end(),
                                                   [&](const Layout& layout) { return layout.id == source; });
}

const Layout* match_layout(const std::vector<std::string>& headers) {
    std::vector<std::string> plain;
    plain.reserve(headers.size());
    for (const auto& header : headers) plain.push_back(plain_header(header));
    for (const Layout& layout : state_layouts())
        if (std::all_of(layout.marks.begin(), layout.marks.end(), [&](std::string_view mark) {
                return std::find(plain.begin(), plain.end(), mark) != plain.end();
            }))
            return &layout;
    return nullptr;
}

std::optional<std::size_t> florida_columns_among(const std::vector<std::string>& headers) {
    const auto names = florida_names();
    const auto found = std::search(
        headers.begin(), headers.end(), names.begin(), names.end(),
        [](const std::string& header, std::string_view name) { return plain_header(header) == plain_header(name); });
    if (found == headers.end()) return std::nullopt;
    return static_cast<std::size_t>(found - headers.begin());
}

bool is_florida(const std::vector<std::vector<std::string>>& rows) {
    const auto is_one = [](const std::vector<std::string>& row) {
        if (row.size() != florida_names().size()) return false;
        const std::string& county = row[0];
        const std::string& id = row[1];
        const auto dated = [](const std::string& text) {
            return text.empty() || text == "*" || (text.size() == 10 && parse_date(text, {}).has_value());
        };
        return county.size() == 3 && std::all_of(county.begin(), county.end(), is_alpha) && id.size() >= 9 &&
               id.size() <= 10 && std::all_of(id.begin(), id.end(), is_digit) && dated(row[21]) && dated(row[22]);
    };
    const auto alike = static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), is_one));
    return alike > 0 && alike * 5 >= rows.size() * 4;
}

}  // namespace townhall::importer
