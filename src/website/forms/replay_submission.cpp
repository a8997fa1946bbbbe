#include "website/forms/operations.hpp"

namespace townhall::website {

/// Gives the follow-ups that failed for good another round; the others stay as they are.
Task<Result<Submission>> replay_submission(FormsDeps deps, GetSubmission in) {
    if (co_await jobs::replay(deps.db, "submission:" + in.id.text) > 0 && deps.jobs) deps.jobs->wake();
    co_return co_await get_submission(deps, std::move(in));
}

}  // namespace townhall::website
