#include <algorithm>
#include <fmt/format.h>

#include "accounts/operations.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

namespace {

/// A membership that changes; no role: there was none, or there will be none.
struct RoleChange {
    std::int64_t campaign_id;
    std::optional<Role> from;
    std::optional<Role> to;
};

std::optional<Role> role_in(const std::vector<RoleItem>& roles, std::int64_t campaign_id) {
    const auto found = std::ranges::find(roles, campaign_id, &RoleItem::campaign_id);
    return found == roles.end() ? std::nullopt : std::optional(found->role);
}

/// `roles` replaces what the caller can see.
std::vector<RoleChange> changes_of(const std::vector<RoleItem>& seen, const std::vector<RoleItem>& wanted) {
    std::vector<RoleChange> changes;
    for (const RoleItem& item : wanted) {
        const auto from = role_in(seen, item.campaign_id);
        if (from != item.role) changes.push_back({item.campaign_id, from, item.role});
    }
    for (const RoleItem& item : seen)
        if (!role_in(wanted, item.campaign_id)) changes.push_back({item.campaign_id, item.role, std::nullopt});
    return changes;
}

/// What an update does to the account as it is.
struct Plan {
    User after;
    std::vector<RoleChange> roles;
    bool account = false;   // address or name
    bool standing = false;  // admin, editor, active
    bool password = false;
    std::string changed = {};  // the names of what changes but roles, as members of a JSON array

    [[nodiscard]] bool anything() const { return account || standing || password || !roles.empty(); }
    [[nodiscard]] bool ends_sessions() const { return password || !after.is_active; }
};

Plan plan_of(const User& user, const UpdateUser& in) {
    Plan plan{.after = user, .roles = {}};
    User& after = plan.after;
    if (in.email) after.email = fold_email(*in.email);
    if (in.name.present()) after.name = in.name.value();
    after.is_admin = in.is_admin.value_or(user.is_admin);
    after.is_editor = in.is_editor.value_or(user.is_editor);
    after.is_active = in.is_active.value_or(user.is_active);
    if (in.roles) plan.roles = changes_of(user.roles, *in.roles);
    plan.account = after.email != user.email || after.name != user.name;
    plan.standing =
        after.is_admin != user.is_admin || after.is_editor != user.is_editor || after.is_active != user.is_active;
    plan.password = in.password.has_value();
    const auto note = [&](bool changes, std::string_view name) {
        if (changes) plan.changed += fmt::format(R"({}"{}")", plan.changed.empty() ? "" : ",", name);
    };
    note(after.email != user.email, "email");
    note(after.name != user.name, "name");
    note(plan.password, "password");
    note(after.is_admin != user.is_admin, "is_admin");
    note(after.is_editor != user.is_editor, "is_editor");
    note(after.is_active != user.is_active, "is_active");
    return plan;
}

/// Who may do it: admins everything; everyone one's own address and name, and to give up one's own roles; managers
/// memberships below their own role, in the campaigns that they manage.
std::optional<api::Error> forbidden(const Principal& who, const std::vector<std::int64_t>& managed, const Plan& plan) {
    if (who.is_admin) return std::nullopt;
    const bool own = plan.after.id == who.user_id;
    if (plan.password)
        return api::Error(api::kForbidden, own ? "Change your password at /api/v1/auth/password."
                                               : "Only an administrator may set a password.");
    if (plan.standing) return api::Error(api::kForbidden, "Only an administrator may change this.");
    if (plan.account && !own) return api::Error(api::kForbidden, "Only the user or an administrator may change this.");
    for (const RoleChange& change : plan.roles) {
        if (own && !change.to) continue;
        const bool below =
            change.from.value_or(Role::viewer) < Role::manager && change.to.value_or(Role::viewer) < Role::manager;
        if (!below || std::ranges::find(managed, change.campaign_id) == managed.end())
            return api::Error(api::kForbidden, "You may give roles below your own, in campaigns that you manage.");
    }
    return std::nullopt;
}

struct Request {
    Principal who;
    std::vector<std::int64_t> managed;
    UpdateUser in;
    api::Conditions conditions;
    std::optional<std::string> hash;           // of the new password
    std::optional<std::string> verified_hash;  // of the caller's, where the body has it
    db::Uuid notice;                           // of the mail to the address before
    std::string remote_address;
    db::Json by;  // for the audit log
};

/// Whoever has the address can set a new password, so one's own is changed by one's password, not by a token alone.
Task<std::optional<api::Error>> unproven(db::Transaction& tx, const Request& request, const User& user,
                                         const Plan& plan) {
    if (user.id != request.who.user_id || plan.after.email == user.email) co_return std::nullopt;
    if (!request.verified_hash)
        co_return api::invalid("/current_password", "required", "Say your password to change your address.");
    const auto now = co_await tx.optional(sql::kFindPassword, user.id);
    if (!now || std::get<1>(*now) != *request.verified_hash)
        co_return api::Error(api::kConflict, "The password was changed meanwhile.");
    co_return std::nullopt;
}

Task<void> apply(db::Transaction& tx, const Request& request, const User& before, const Plan& plan) {
    const std::int64_t id = plan.after.id;
    if (plan.after.email != before.email) co_await tx.execute(sql::kTellOldAddress, id, request.notice, before.email);
    co_await tx.execute(sql::kUpdateUser, id, plan.after.email, plan.after.name, request.hash, plan.after.is_admin,
                        plan.after.is_editor, plan.after.is_active, id == request.who.user_id);
    if (!plan.changed.empty())
        co_await api::audit(tx, request.by,
                            {.action = "user.changed",
                             .subject = fmt::format("user:{}", id),
                             .details = {fmt::format(R"({{"changed":[{}],"is_admin":{},"is_active":{}}})", plan.changed,
                                                     plan.after.is_admin, plan.after.is_active)}});
    for (const RoleChange& change : plan.roles) {
        if (change.to)
            co_await tx.execute(sql::kSetRole, id, change.campaign_id, *change.to, request.by);
        else
            co_await tx.execute(sql::kDropRole, id, change.campaign_id, request.by);
    }
    if (plan.ends_sessions())
        co_await tx.execute(sql::kEndSessions, id, plan.password ? "password" : "account", request.by);
}

Task<Result<bool>> change(Deps deps, db::Transaction& tx, const Request& request) {
    const auto& in = request.in;
    // Administrators are locked first and in order wherever one may be dismissed, so two can't dismiss each other.
    const bool may_dismiss = in.is_admin == false || in.is_active == false;
    const auto admins = may_dismiss ? co_await tx.all(sql::kLockAdmins) : std::vector<std::int64_t>();
    if (!co_await tx.optional(sql::kLockUser, in.id))
        co_return std::unexpected(api::Error(api::kNotFound, "There is no such user."));
    User user = to_user(co_await tx.one(sql::kFindUser, in.id));
    if (auto error = hidden_from(request.who, request.managed, user)) co_return std::unexpected(*std::move(error));
    hide_foreign_roles(user, request.who, deps.access.snapshots());
    if (auto error = api::check_change(request.conditions, etag_of(user))) co_return std::unexpected(*std::move(error));

    const Plan plan = plan_of(user, in);
    if (auto error = forbidden(request.who, request.managed, plan)) co_return std::unexpected(*std::move(error));
    const bool dismissed = user.is_admin && user.is_active && !(plan.after.is_admin && plan.after.is_active);
    if (dismissed && admins.size() == 1)
        co_return std::unexpected(api::Error(kLastAdmin, "Make another administrator first."));
    if (auto error = co_await unproven(tx, request, user, plan)) co_return std::unexpected(*std::move(error));
    if (plan.anything()) co_await apply(tx, request, user, plan);
    co_return plan.anything();
}

/// Checks of the input that need nothing of the account, and the new password's hash.
Task<std::optional<api::Error>> prepare(Deps deps, Request& request) {
    const UpdateUser& in = request.in;
    if (in.roles) {
        if (auto doubled = doubled_role(*in.roles)) co_return doubled;
        // Others learn nothing about which campaigns exist: they may only name their own.
        if (request.who.is_admin)
            if (auto unknown = co_await unknown_campaign(deps.db, *in.roles)) co_return unknown;
    }
    if (in.password && request.who.is_admin) {
        std::string email = fold_email(in.email.value_or(""));
        if (email.empty()) {
            const auto row = co_await deps.db.optional(db::Scope::owner(), sql::kFindUser, in.id);
            if (row) email = row->email;
        }
        if (auto weak = weak_password("/password", *in.password, email)) co_return weak;
        auto hash = co_await off_thread(deps.cpu, [&] { return guard::hash_password(*in.password); });
        if (!hash) co_return hash.error();
        request.hash = *std::move(hash);
    }
    if (in.email && in.current_password && in.id == request.who.user_id) {
        auto known = co_await check_current_password(deps, in.id, request.remote_address, *in.current_password);
        if (!known) co_return known.error();
        request.verified_hash = std::move(known->hash);
    }
    co_return std::nullopt;
}

}  // namespace

Task<Result<api::Answer<User>>> update_user(Deps deps, api::Context& context, UpdateUser in) {
    Request request{.who = context.who,
                    .managed = managed_campaigns(deps.access.snapshots(), context.who.user_id),
                    .in = std::move(in),
                    .conditions = context.conditions(),
                    .hash = std::nullopt,
                    .verified_hash = std::nullopt,
                    .notice = {guard::new_id()},
                    .remote_address = std::string(context.request.remote_address),
                    .by = api::audit_by(context)};
    if (auto error = not_for_staff(request.who, request.managed, request.in.id))
        co_return std::unexpected(*std::move(error));
    if (auto error = co_await prepare(deps, request)) co_return std::unexpected(*std::move(error));
    Result<bool> changed = false;
    try {
        changed = co_await deps.db.transaction(
            db::Scope::owner(), [&](db::Transaction& tx) -> Task<Result<bool>> { return change(deps, tx, request); });
    } catch (const db::StatementError& error) {
        if (error.constraint != kEmailIndex) throw;
        changed = std::unexpected(api::Error(kEmailTaken, std::string(kTaken)));
    }
    if (!changed) co_return std::unexpected(changed.error());
    if (*changed) co_await deps.access.reload();
    if (*changed && deps.jobs) deps.jobs->wake();
    // Whoever took the last shared membership away sees the account a last time, without it.
    auto row = co_await deps.db.optional(db::Scope::owner(), sql::kFindUser, request.in.id);
    if (!row) co_return std::unexpected(api::Error(api::kNotFound, "There is no such user."));
    User user = to_user(*std::move(row));
    hide_foreign_roles(user, request.who, deps.access.snapshots());
    std::string etag = etag_of(user);
    co_return api::Answer<User>{.value = std::move(user), .etag = std::move(etag), .headers = {kPrivate}};
}

Task<Result<api::Answer<User>>> replace_user(Deps deps, api::Context& context, ReplaceUser in) {
    in.email = std::move(in.address);
    in.name = std::move(in.full_name);
    return update_user(deps, context, std::move(in));
}

}  // namespace townhall::accounts
