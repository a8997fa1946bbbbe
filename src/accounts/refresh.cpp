#include "accounts/operations.hpp"

namespace townhall::accounts {

Task<Result<api::Answer<SignedIn>>> refresh(Deps deps, api::Context& context, RefreshToken in) {
    const db::Bytes presented = bytes_of(guard::opaque_hash(in.refresh_token));
    auto successor = guard::new_opaque_token();
    // Uses of one token meet on its row: they go through one lane.
    const auto rotation =
        co_await deps.db.optional(db::Scope::owner().on(presented.data), sql::kRotate, presented,
                                  bytes_of(successor.hash), deps.refresh_lifetime.count(), api::audit_by(context));
    if (!rotation || !rotation->granted) {
        if (rotation) co_await deps.access.reload();  // the family may have ended just now
        co_return std::unexpected(api::Error(kWrongRefreshToken, "The refresh token is not valid (any more).")
                                      .with("WWW-Authenticate", R"(Bearer error="invalid_token")"));
    }
    co_return co_await signed_in(deps, rotation->user_id, rotation->session, std::move(successor.text));
}

}  // namespace townhall::accounts
