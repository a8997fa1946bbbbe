#pragma once

#include "platform/jobs/jobs.hpp"

namespace townhall::jobs {

/// Does nothing, so that operators can see whether, and how fast, jobs are worked on.
[[nodiscard]] Kind probe_kind();

}  // namespace townhall::jobs
