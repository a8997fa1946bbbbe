#include "accounts/answers.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "platform/guard/hash.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

std::string fold_email(std::string_view email) {
    std::string folded(email);
    for (char& c : folded)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return folded;
}

User to_user(sql::UserRow row) {
    User user{.id = row.id,
              .email = std::move(row.email),
              .name = std::move(row.name),
              .roles = {},
              .is_admin = row.is_admin,
              .is_editor = row.is_editor,
              .is_active = row.is_active,
              .last_login_at = row.last_login_at,
              .created_at = row.created_at,
              .updated_at = row.updated_at,
              .deleted_at = {}};
    if (row.deleted_at) user.deleted_at = *row.deleted_at;
    for (std::size_t i = 0; i < std::min(row.campaigns.size(), row.roles.size()); ++i)
        user.roles.push_back({row.campaigns[i], row.roles[i]});
    return user;
}

void hide_foreign_roles(User& user, const Principal& viewer, const guard::SnapshotHolder& snapshots) {
    if (viewer.is_admin || viewer.user_id == user.id) return;
    const guard::Snapshot* snapshot = snapshots.current();
    const auto* own = snapshot ? snapshot->user(viewer.user_id) : nullptr;
    std::erase_if(user.roles,
                  [&](const RoleItem& item) { return !own || !guard::Snapshot::role_in(*own, item.campaign_id); });
}

std::vector<std::int64_t> managed_campaigns(const guard::SnapshotHolder& snapshots, std::int64_t user_id) {
    std::vector<std::int64_t> campaigns;
    const guard::Snapshot* snapshot = snapshots.current();
    if (const auto* user = snapshot ? snapshot->user(user_id) : nullptr) {
        for (const guard::Membership& membership : user->memberships)
            if (membership.role == Role::manager) campaigns.push_back(membership.campaign_id);
    }
    return campaigns;
}

std::string etag_of(const User& user) { return api::etag_of_value(user); }

api::Answer<User> made(User user) {
    std::string etag = etag_of(user);
    std::string location = fmt::format("/api/v1/users/{}", user.id);
    return {
        .value = std::move(user), .etag = std::move(etag), .headers = {kPrivate, {"Location", std::move(location)}}};
}

std::optional<api::Error> weak_password(std::string_view pointer, std::string_view password, std::string_view email) {
    const std::string_view fault = guard::password_fault(password, email);
    if (fault.empty()) return std::nullopt;
    return api::invalid(std::string(pointer), "password", std::string(fault));
}

std::optional<api::Error> doubled_role(const std::vector<RoleItem>& roles) {
    for (std::size_t i = 1; i < roles.size(); ++i) {
        const auto before = std::span(roles).first(i);
        if (std::ranges::find(before, roles[i].campaign_id, &RoleItem::campaign_id) != before.end())
            return api::invalid(fmt::format("/roles/{}/campaign_id", i), "duplicate", "The campaign is named twice.");
    }
    return std::nullopt;
}

Task<std::optional<api::Error>> unknown_campaign(db::Database& db, std::vector<RoleItem> roles) {
    if (roles.empty()) co_return std::nullopt;
    std::vector<std::int64_t> named;
    for (const RoleItem& item : roles) named.push_back(item.campaign_id);
    const auto known = co_await db.all(db::Scope::owner(), sql::kCampaigns, named);
    for (std::size_t i = 0; i < named.size(); ++i)
        if (std::ranges::find(known, named[i]) == known.end())
            co_return api::invalid(fmt::format("/roles/{}/campaign_id", i), "unknown", "There is no such campaign.");
    co_return std::nullopt;
}

}  // namespace townhall::accounts
