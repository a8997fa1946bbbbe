#include "platform/db/op.hpp"

#include <algorithm>

namespace townhall::db {

void QueryCounters::count_failure(std::chrono::nanoseconds took, std::string_view sqlstate) noexcept {
    seconds_.observe(took);
    const auto found = std::ranges::find(kClasses, sqlstate.empty() ? kClasses.front() : sqlstate.substr(0, 2));
    const auto index = static_cast<std::size_t>(found - kClasses.begin());
    failures_[std::min(index, kClasses.size() - 1)].fetch_add(1, std::memory_order_relaxed);
}

void QueryCounters::add_to(QueryStats& stats) const {
    seconds_.add_to(stats.seconds);
    stats.count = stats.seconds.count;
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
        const std::uint64_t failed = failures_[i].load(std::memory_order_relaxed);
        if (failed == 0) continue;
        stats.failures[std::string(kClasses[i])] += failed;
        stats.errors += failed;
    }
}

QueryCounters& QueryRegistry::add(const char* name) {
    const std::lock_guard lock(mutex_);
    return *counters_.emplace(name, std::make_unique<QueryCounters>())->second;
}

std::vector<QueryStats> QueryRegistry::stats() const {
    std::vector<QueryStats> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, counters] : counters_) {
        if (all.empty() || all.back().name != name) all.push_back({.name = name, .seconds = {}});
        counters->add_to(all.back());
    }
    return all;
}

}  // namespace townhall::db
