#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/observe/symbols.hpp"
#include "platform/observe/trace.hpp"

namespace townhall::observe {

/// A trace in words.
struct ToldTrace {
    std::vector<std::string> places;  // "townhall::campaign::find_voter src/campaign/voters/find_voter.cpp:42"
    std::string fingerprint;          // 16 hexadecimal digits
};

/// Innermost first, our own functions only, unless there is none. The fingerprint is of the type and the functions, not
/// of lines or addresses: it stays the same from run to run, and over changes elsewhere in the files.
[[nodiscard]] ToldTrace tell_trace(const Trace& trace, std::string_view type, Symbols& symbols);

}  // namespace townhall::observe
