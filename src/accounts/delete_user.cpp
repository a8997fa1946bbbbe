#include "accounts/operations.hpp"

namespace townhall::accounts {

namespace {

struct Request {
    Principal who;
    std::vector<std::int64_t> managed;
    std::int64_t user_id;
    api::Conditions conditions;
    db::Json by;  // for the audit log
};

Task<Result<bool>> close(Deps deps, db::Transaction& tx, const Request& request) {
    const auto admins = co_await tx.all(sql::kLockAdmins);  // before the account, as everywhere
    if (!co_await tx.optional(sql::kLockUser, request.user_id))
        co_return std::unexpected(api::Error(api::kNotFound, "There is no such user."));
    User user = to_user(co_await tx.one(sql::kFindUser, request.user_id));
    if (auto error = hidden_from(request.who, request.managed, user)) co_return std::unexpected(*std::move(error));
    if (!request.who.is_admin && request.who.user_id != user.id)
        co_return std::unexpected(
            api::Error(api::kForbidden, "Only the user or an administrator may close an account."));
    hide_foreign_roles(user, request.who, deps.access.snapshots());
    if (auto error = api::check_change(request.conditions, etag_of(user))) co_return std::unexpected(*std::move(error));
    if (user.is_admin && user.is_active && admins.size() == 1)
        co_return std::unexpected(api::Error(kLastAdmin, "Make another administrator first."));
    co_await tx.execute(sql::kDeleteUser, user.id, request.by);
    co_await tx.execute(sql::kEndSessions, user.id, "account", request.by);
    co_return true;
}

}  // namespace

Task<Result<api::Nothing>> delete_user(Deps deps, api::Context& context, UserId in) {
    Request request{.who = context.who,
                    .managed = managed_campaigns(deps.access.snapshots(), context.who.user_id),
                    .user_id = in.id,
                    .conditions = context.conditions(),
                    .by = api::audit_by(context)};
    if (auto error = not_for_staff(request.who, request.managed, in.id)) co_return std::unexpected(*std::move(error));
    const auto closed = co_await deps.db.transaction(
        db::Scope::owner(), [&](db::Transaction& tx) -> Task<Result<bool>> { return close(deps, tx, request); });
    if (!closed) co_return std::unexpected(closed.error());
    co_await deps.access.reload();
    co_return api::Nothing{};
}

}  // namespace townhall::accounts
