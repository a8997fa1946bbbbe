#include <algorithm>

#include "accounts/operations.hpp"

namespace townhall::accounts {

std::optional<api::Error> not_for_staff(const Principal& who, const std::vector<std::int64_t>& managed,
                                        std::int64_t user_id) {
    if (who.is_admin || who.user_id == user_id || !managed.empty()) return std::nullopt;
    return api::Error(api::kForbidden, "Users are for administrators and campaign managers.");
}

std::optional<api::Error> hidden_from(const Principal& who, const std::vector<std::int64_t>& managed,
                                      const User& user) {
    const auto in_mine = [&](const RoleItem& item) {
        return std::ranges::find(managed, item.campaign_id) != managed.end();
    };
    if (who.is_admin || who.user_id == user.id || std::ranges::any_of(user.roles, in_mine)) return std::nullopt;
    return api::Error(api::kNotFound, "There is no such user.");
}

Task<Result<api::Answer<User>>> get_user(Deps deps, Principal who, UserId in) {
    const auto managed = managed_campaigns(deps.access.snapshots(), who.user_id);
    if (auto error = not_for_staff(who, managed, in.id)) co_return std::unexpected(*std::move(error));
    auto row = co_await deps.db.optional(db::Scope::owner(), sql::kFindUser, in.id);
    if (!row) co_return std::unexpected(api::Error(api::kNotFound, "There is no such user."));
    User user = to_user(*std::move(row));
    if (auto error = hidden_from(who, managed, user)) co_return std::unexpected(*std::move(error));
    hide_foreign_roles(user, who, deps.access.snapshots());
    std::string etag = etag_of(user);
    co_return api::Answer<User>{.value = std::move(user), .etag = std::move(etag), .headers = {kPrivate}};
}

}  // namespace townhall::accounts
