#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

/// Rejected rows as a CSV that can be mended and sent again: what is wrong, then the file's own columns. The importer
/// passes by what is wrong: a new name there is told to `importer/layout/generic.cpp` too.
namespace townhall::campaign {

struct FaultRow {
    std::int64_t line = 0, byte_offset = 0;
    std::optional<std::string> member, column;
    std::string code, reason;
    std::vector<std::string> cells;
};
constexpr auto columns_of(std::type_identity<FaultRow>) {
    using F = FaultRow;
    return std::tuple{&F::line, &F::byte_offset, &F::member, &F::column, &F::code, &F::reason, &F::cells};
}

/// The first line, with the file's own column names.
void add_header(std::string& out, const std::vector<std::string>& columns);
void add_row(std::string& out, const FaultRow& fault, std::size_t columns);

}  // namespace townhall::campaign
