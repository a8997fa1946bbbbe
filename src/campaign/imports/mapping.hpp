#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/api/error.hpp"

namespace townhall::campaign {

using Mapping = std::vector<std::pair<std::string, std::string>>;  // our field → a column's header, or its number

/// Reads `{"last_name": "Surname", "first_name": "3"}`; 422 where that is none, or names a field that we don't have.
[[nodiscard]] Result<Mapping> read_mapping(std::string_view text);

/// The same of a text that was read before.
[[nodiscard]] Mapping mapping_from(std::string_view text);

}  // namespace townhall::campaign
