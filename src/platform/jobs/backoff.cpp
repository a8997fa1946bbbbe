#include "platform/jobs/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace townhall::jobs {

std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                  double random) {
    const double doubled = static_cast<double>(first.count()) * std::exp2(std::clamp(attempt - 1, 0, 60));
    const double bound = std::min(doubled, static_cast<double>(longest.count()));
    return std::chrono::milliseconds(static_cast<std::int64_t>(bound * random));
}

}  // namespace townhall::jobs
