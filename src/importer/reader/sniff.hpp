#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/layout/plan.hpp"
#include "importer/reader/dialect.hpp"

namespace townhall::importer {

/// What a member's first bytes say of how it is cut into rows and fields.
struct Sniffed {
    Dialect dialect;
    std::size_t columns = 0;  // of most rows
    double confidence = 0;    // 0: no table
    bool has_short_rows = false;
    std::vector<std::vector<std::string>> rows;  // the first ones, the header among them, as UTF-8
};

struct SniffInput {
    std::string_view sample;  // decoded, see decoded()
    bool complete = false;    // the sample is all there is
    Encoding encoding = Encoding::utf8;
    std::size_t keep_rows = 50;
    Limits limits;
    std::function<bool(std::string_view)> is_known_header;
};

/// The dialect in which the sample is the most regular table.
[[nodiscard]] Sniffed sniff(const SniffInput& input);

/// Whether the first of these rows names the columns.
[[nodiscard]] bool has_header(const std::vector<std::vector<std::string>>& rows,
                              const std::function<bool(std::string_view)>& is_known_header);

/// Why a sample can't be a table at all: a sentence, or nothing.
[[nodiscard]] std::optional<std::string> refuse_sample(std::string_view sample);

}  // namespace townhall::importer
