#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "platform/http/server.hpp"

namespace townhall::http {

/// How long a client may still make us wait while it sends a body or takes an answer. Only the waiting counts, not what
/// we do in between; every `bytes_per_second` moved buys another second. What is bought can't be hoarded: whoever sends
/// most of a body at once would otherwise hold it in our memory for as long as that would have taken at the slowest
/// pace. Pure.
class Pace {
  public:
    using clock = std::chrono::steady_clock;

    explicit Pace(const Timeouts& timeouts) : timeouts_(&timeouts), left_(timeouts.pace) {}

    /// When a wait that begins `now` must be over.
    [[nodiscard]] clock::time_point deadline(clock::time_point now) const {
        const auto left = std::chrono::duration_cast<clock::duration>(left_);
        return now + std::clamp<clock::duration>(left, clock::duration::zero(), timeouts_->stall);
    }

    void add(clock::duration waited, std::uint64_t bytes) {
        const auto pace = static_cast<double>(std::max<std::uint64_t>(timeouts_->bytes_per_second, 1));
        const Seconds most = std::max(timeouts_->pace, timeouts_->stall);
        left_ = std::min<Seconds>(left_ - waited + Seconds(static_cast<double>(bytes) / pace), most);
    }

  private:
    using Seconds = std::chrono::duration<double>;

    const Timeouts* timeouts_;
    Seconds left_;
};

}  // namespace townhall::http
