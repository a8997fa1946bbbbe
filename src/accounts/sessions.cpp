#include "accounts/operations.hpp"

namespace townhall::accounts {

Task<Result<api::Answer<Sessions>>> list_sessions(Deps deps, Principal who) {
    Sessions sessions;
    for (auto& row : co_await deps.db.all(db::Scope::owner(), sql::kSessions, who.user_id)) {
        const bool current = row.id.text == who.session_id;
        sessions.items.push_back({std::move(row.id), row.created_at, row.last_used_at, row.expires_at,
                                  std::move(row.user_agent), std::move(row.address), current});
    }
    co_return api::Answer<Sessions>{.value = std::move(sessions), .headers = {kPrivate}};
}

Task<Result<api::Nothing>> end_session(Deps deps, api::Context& context, SessionId in) {
    const auto ended = co_await deps.db.execute(db::Scope::owner(), sql::kEndSession, context.who.user_id, in.id,
                                                api::audit_by(context));
    if (ended == 0) co_return std::unexpected(api::Error(api::kNotFound, "You have no such session."));
    co_await deps.access.reload();
    co_return api::Nothing{};
}

Task<Result<api::Nothing>> end_sessions(Deps deps, api::Context& context) {
    co_await deps.db.execute(db::Scope::owner(), sql::kEndSessions, context.who.user_id, "ended",
                             api::audit_by(context));
    co_await deps.access.reload();
    co_return api::Nothing{};
}

}  // namespace townhall::accounts
