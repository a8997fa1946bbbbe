#pragma once

#include <string_view>

namespace townhall::importer {

class Arena;

/// A PostalCode without allocation: views into the text, the arena or static memory. Both empty: no postal code.
struct PostalView {
    std::string_view zip;
    std::string_view zip4;
};
[[nodiscard]] PostalView parse_postal_code(std::string_view text, std::string_view state, std::string_view country,
                                           Arena& arena);

}  // namespace townhall::importer
