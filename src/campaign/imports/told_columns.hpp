#pragma once

#include <string>
#include <vector>

#include "importer/importer.hpp"

namespace townhall::campaign {

/// The columns of campaign.voters that a file read by this plan has something about. An import changes no other column
/// of a voter who is there: what people added by hand is not the file's to clear.
[[nodiscard]] std::vector<std::string> told_columns(const importer::Plan& plan);

}  // namespace townhall::campaign
