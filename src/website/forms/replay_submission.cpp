#include "platform/api/audit.hpp"
#include "website/forms/operations.hpp"

namespace townhall::website {

/// Gives the follow-ups that failed for good another round; the others stay as they are.
Task<Result<Submission>> replay_submission(FormsDeps deps, api::Context& context, GetSubmission in) {
    const std::string subject = "submission:" + in.id.text;
    const auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
        const std::uint64_t replayed = co_await jobs::replay(tx, subject);
        if (replayed > 0)
            co_await api::audit(tx, api::audit_by(context), {.action = "submission.replayed", .subject = subject});
        co_return replayed;
    };
    if (co_await deps.db.transaction(db::Scope::owner(), body) > 0 && deps.jobs) deps.jobs->wake();
    co_return co_await get_submission(deps, std::move(in));
}

}  // namespace townhall::website
