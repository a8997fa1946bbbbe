#pragma once

#include <cstdint>

namespace townhall::observe {

/// What the kernel says of this process. A figure that it does not tell is 0.
struct ProcessStats {
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
    std::uint64_t most_open_files = 0;
    double cpu_seconds = 0;
    double started = 0;  // Unix time, seconds
};

[[nodiscard]] ProcessStats process_stats();

}  // namespace townhall::observe
