#include "platform/jobs/probe.hpp"

#include "platform/jobs/admin.hpp"

namespace townhall::jobs {

namespace {

Task<std::vector<Outcome>> nothing(std::vector<Job> jobs) { co_return std::vector<Outcome>(jobs.size(), Done{}); }

}  // namespace

Kind probe_kind() {
    return {.name = kProbe,
            .max_attempts = 3,
            .concurrency = 2,
            .lease = std::chrono::seconds(15),
            .timeout = std::chrono::seconds(10),
            .batch_handler = nothing,
            .batch = 500};
}

}  // namespace townhall::jobs
