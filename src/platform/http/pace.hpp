#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "platform/http/server.hpp"

namespace townhall::http {

/// How long a client may still make us wait while it sends a body or takes an answer. Only the waiting counts, not what
/// we do in between; every `bytes_per_second` moved buys another second. Pure.
class Pace {
  public:
    using clock = std::chrono::steady_clock;

    explicit Pace(const Timeouts& timeouts) : timeouts_(&timeouts) {}

    /// When a wait that begins `now` must be over.
    [[nodiscard]] clock::time_point deadline(clock::time_point now) const {
        const auto earned =
            std::chrono::milliseconds(moved_ * 1000 / std::max<std::uint64_t>(timeouts_->bytes_per_second, 1));
        const auto left = std::chrono::duration_cast<clock::duration>(timeouts_->pace + earned) - waited_;
        return now + std::clamp<clock::duration>(left, clock::duration::zero(), timeouts_->stall);
    }

    void add(clock::duration waited, std::uint64_t bytes) {
        waited_ += waited;
        moved_ += bytes;
    }

  private:
    const Timeouts* timeouts_;
    clock::duration waited_{};
    std::uint64_t moved_ = 0;
};

}  // namespace townhall::http
