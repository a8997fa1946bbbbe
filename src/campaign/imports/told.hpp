#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "importer/importer.hpp"

namespace townhall::campaign {

/// What a file has something about. An import changes nothing else of a voter who is there: what people added by hand
/// is not the file's to clear.
struct Told {
    std::vector<std::string> columns;  // of campaign.voters, as a whole
    // Keys of those that hold several values.
    std::vector<std::string> extra;
    std::vector<std::string> districts;
    std::vector<std::string> mailing;

    [[nodiscard]] bool tells(std::string_view column) const {
        return std::ranges::find(columns, column) != columns.end();
    }
};

[[nodiscard]] Told told_by(const importer::Plan& plan);

/// What `update campaign.voters v set` sets, from rows `s` of the file; $1, $2 and $3 are the keys of `extra`,
/// `districts` and `mailing`, as text[].
[[nodiscard]] std::string assignments(const Told& told);

}  // namespace townhall::campaign
