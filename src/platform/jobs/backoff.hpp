#pragma once

#include <chrono>

namespace townhall::jobs {

/// The wait after the `attempt`-th failure (from 1): a random share of `first · 2^(attempt-1)`, which is at most
/// `longest`. `random` lies in [0, 1]. Full jitter, so that jobs that failed together don't come back together.
[[nodiscard]] std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first,
                                                std::chrono::milliseconds longest, double random);

}  // namespace townhall::jobs
