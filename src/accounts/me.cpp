#include "accounts/operations.hpp"

namespace townhall::accounts {

Task<Result<api::Answer<User>>> me(Deps deps, Principal who) {
    auto row = co_await deps.db.optional(db::Scope::owner(), sql::kFindUser, who.user_id);
    if (!row) co_return std::unexpected(api::Error(api::kUnauthorized, "The account is closed."));
    const User user = to_user(*std::move(row));
    co_return api::Answer<User>{.value = user, .etag = etag_of(user), .headers = {kPrivate}};
}

}  // namespace townhall::accounts
