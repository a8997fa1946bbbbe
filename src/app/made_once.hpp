#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>

#include "platform/api/cached.hpp"
#include "platform/observe/cpu_pool.hpp"

namespace townhall::app {

/// An answer that never changes while the server runs, made on the CPU pool when it is first asked for: most runs never
/// are. Any thread.
class MadeOnce {
  public:
    using Make = std::function<api::Cached()>;

    /// Outlives no one: `cpu`, and what `make` refers to, must outlive this.
    MadeOnce(observe::CpuPool& cpu, Make make) : cpu_(cpu), make_(std::move(make)) {}

    /// Throws what `make` throws, and observe::Overloaded; the next request tries again.
    Task<http::Response> answer(const api::Context& context);

  private:
    observe::CpuPool& cpu_;
    const Make make_;
    std::once_flag once_;
    std::optional<api::Cached> made_;  // to be read once ready_
    std::atomic<bool> ready_ = false;
};

}  // namespace townhall::app
