#include <algorithm>

#include "accounts/operations.hpp"
#include "platform/api/idempotency.hpp"

namespace townhall::accounts {

namespace {

struct Request {
    Principal who;
    std::vector<std::int64_t> managed;
    Invite in;
    db::Uuid link;
    db::Json by;  // for the audit log
};

/// Managers invite to campaigns that they manage, with roles below their own; admins to anything.
std::optional<api::Error> forbidden(const Request& request) {
    if (request.who.is_admin) return std::nullopt;
    const Invite& in = request.in;
    const bool all_below = std::ranges::all_of(in.roles, [&](const RoleItem& item) {
        return item.role < Role::manager &&
               std::ranges::find(request.managed, item.campaign_id) != request.managed.end();
    });
    if (request.managed.empty() || in.roles.empty() || !all_below || in.is_admin || in.is_editor)
        return api::Error(api::kForbidden, "You may give roles below your own, in campaigns that you manage.");
    return std::nullopt;
}

/// Whether somebody who is known can be invited like this: it adds memberships, and changes nothing else of an account.
std::optional<api::Error> not_addable(const Request& request, const sql::Known& known, const User& user) {
    if (!known.is_active) return api::Error(kEmailTaken, "The account with this address is disabled.");
    // Roles go to whoever reads the mail at this address, which need not be who wrote it into an account.
    if (known.unproven)
        return api::Error(kEmailUnproven,
                          "The account with this address has not shown that it is its own: ask the person to set a new "
                          "password by the mail of \"forgot password\", and invite again.");
    if (request.in.is_admin || request.in.is_editor)
        return api::Error(kEmailTaken, "There is an account with this address: change it at /api/v1/users/{id}.");
    if (request.who.is_admin) return std::nullopt;
    for (const RoleItem& item : request.in.roles) {
        const auto held = std::ranges::find(user.roles, item.campaign_id, &RoleItem::campaign_id);
        if (held != user.roles.end() && held->role >= Role::manager)
            return api::Error(api::kForbidden, "The user has a role there that is not below your own.");
    }
    return std::nullopt;
}

/// The account (found or made), its memberships, and the mail's job, or none of them.
Task<Result<api::Answer<User>>> invite(Deps deps, db::Transaction& tx, const Request& request) {
    const std::string email = fold_email(request.in.email);
    std::int64_t id = 0;
    if (const auto known = co_await tx.optional(sql::kFindByEmail, email)) {
        id = known->id;
        if (auto error = not_addable(request, *known, to_user(co_await tx.one(sql::kFindUser, id))))
            co_return std::unexpected(*std::move(error));
    } else {
        id = co_await tx.one(sql::kInsertUser, email, request.in.name, std::nullopt, request.in.is_admin,
                             request.in.is_editor, request.by);
    }
    for (const RoleItem& item : request.in.roles)
        co_await tx.execute(sql::kSetRole, id, item.campaign_id, item.role, request.by);
    co_await tx.execute(sql::kInvite, id, request.link, request.by);
    User user = to_user(co_await tx.one(sql::kFindUser, id));
    hide_foreign_roles(user, request.who, deps.access.snapshots());
    co_return made(std::move(user));
}

}  // namespace

Task<Result<api::Answer<User>>> invite_user(Deps deps, api::Context& context, Invite in) {
    const Request request{.who = context.who,
                          .managed = managed_campaigns(deps.access.snapshots(), context.who.user_id),
                          .in = std::move(in),
                          .link = {guard::new_id()},
                          .by = api::audit_by(context)};
    if (auto error = forbidden(request)) co_return std::unexpected(*std::move(error));
    if (auto doubled = doubled_role(request.in.roles)) co_return std::unexpected(*std::move(doubled));
    if (auto unknown = co_await unknown_campaign(deps.db, request.in.roles))
        co_return std::unexpected(*std::move(unknown));
    try {
        auto invited = co_await api::once<User>(deps.db, deps.answers, context, db::Scope::owner(), kInviteUser.success,
                                                [&](db::Transaction& tx) { return invite(deps, tx, request); });
        co_await deps.access.reload();
        if (deps.jobs) deps.jobs->wake();
        co_return invited;
    } catch (const db::StatementError& error) {
        if (error.constraint != kEmailIndex) throw;
        co_return std::unexpected(api::Error(kEmailTaken, "Somebody else invites this address at this moment."));
    }
}

}  // namespace townhall::accounts
