#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace townhall::campaign {

/// Ways in which the words of a search may be meant, a column each: a first name, a last name or both (empty: any), and
/// how likely that is, in percent.
struct Readings {
    std::vector<std::string> firsts;
    std::vector<std::string> lasts;
    std::vector<std::int64_t> weights;

    void add(std::string_view first, std::string_view last, std::int64_t weight);
};

/// Reads a folded name: as a last or a first name as a whole; divided into both at each blank, in either order; and
/// with what stands between the first and the last word as middle names. Of very many words only the outer divisions.
[[nodiscard]] Readings readings_of(std::string_view folded);

}  // namespace townhall::campaign
