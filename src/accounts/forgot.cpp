#include "accounts/operations.hpp"

namespace townhall::accounts {

// Answer and work are the same whether or not somebody has the address: one statement looks it up and leaves a job.
// What differs, the mail, happens there.
Task<Result<api::Nothing>> forgot(Deps deps, api::Context& context, Forgot in) {
    co_await deps.db.execute(db::Scope::owner(), sql::kAskForLink, fold_email(in.email), {guard::new_id()},
                             api::audit_by(context));
    if (deps.jobs) deps.jobs->wake();
    co_return api::Nothing{};
}

}  // namespace townhall::accounts
