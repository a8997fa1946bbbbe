#pragma once

#include <chrono>

namespace townhall::observe {

using Time = std::chrono::system_clock::time_point;

/// Where the time of day comes from: a seam, so that tests can stand at any moment.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace townhall::observe
