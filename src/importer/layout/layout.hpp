#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "importer/layout/field.hpp"

namespace townhall::importer {

/// What a column of a known name holds.
struct ColumnRule {
    std::string_view name;  // see plain_header()
    Field field = Field::extra;
    std::uint8_t part = 0;      // its place in a joined field
    std::string_view key = {};  // of a district
};

/// The public voter file of one state.
struct Layout {
    std::string_view id;
    std::span<const std::string_view> marks;  // columns that together tell the layout
    std::span<const ColumnRule> rules;
};

[[nodiscard]] std::span<const Layout> state_layouts();
/// The source of Florida's files.
inline constexpr std::string_view kFloridaSource = "us-fl";
/// Florida's files have no header: the names of its columns, and what they hold, in their order.
[[nodiscard]] std::span<const ColumnRule> florida_columns();
[[nodiscard]] std::span<const std::string_view> florida_names();
/// The names that files of no known layout use, the better one of a field first.
[[nodiscard]] std::span<const ColumnRule> generic_rules();

/// A header as it is compared: letters and digits only, in lower case.
[[nodiscard]] std::string plain_header(std::string_view header);
/// How many columns at the beginning tell why a row was refused: in our list of such rows, sent again. That of a list
/// of a list has them more than once. Takes headers as plain_header() gives them.
[[nodiscard]] std::size_t fault_columns(const std::vector<std::string>& plain_headers);
/// Whether any layout or the generic names know it.
[[nodiscard]] bool is_known_header(std::string_view header);
/// Whether a recognised layout gives its voters this source.
[[nodiscard]] bool is_layout_source(std::string_view source);
/// The layout whose columns these are, or null.
[[nodiscard]] const Layout* match_layout(const std::vector<std::string>& headers);
/// Where Florida's columns begin among named ones: in a file made of ours, behind what we say of each row.
[[nodiscard]] std::optional<std::size_t> florida_columns_among(const std::vector<std::string>& headers);
/// Whether rows without a header are Florida's.
[[nodiscard]] bool is_florida(const std::vector<std::vector<std::string>>& rows);

}  // namespace townhall::importer
