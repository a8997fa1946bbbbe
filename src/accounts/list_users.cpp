#include <algorithm>
#include <string>

#include "accounts/operations.hpp"
#include "platform/api/paging.hpp"

namespace townhall::accounts {

namespace {

constexpr std::string_view kCursor = "users";

/// `%` and `_` mean themselves.
std::string containing(std::string_view text) {
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern += '%';
}

struct Filter {
    ListUsers in;
    bool all;                           // admins: everyone
    std::vector<std::int64_t> managed;  // else members of these
};

template <class Row>
void add_where(db::Composed<Row>& query, const Filter& filter) {
    const ListUsers& in = filter.in;
    query.add(" where true");
    if (!in.include_deleted) query.add(" and u.deleted_at is null");
    if (!filter.all) query.add(" and u.campaigns && ").bind(filter.managed);
    if (in.campaign_id) query.add(" and ").bind(*in.campaign_id).add(" = any(u.campaigns)");
    if (in.updated_since) query.add(" and u.updated_at >= ").bind(*in.updated_since);
    if (in.q) {
        const std::string pattern = containing(*in.q);
        query.add(" and (u.email ilike ").bind(pattern).add(" or u.name ilike ").bind(pattern).add(")");
    }
}

Task<api::Page<User>> read_page(Deps deps, const Filter& filter, std::optional<std::int64_t> after) {
    const ListUsers& in = filter.in;
    db::Composed<sql::UserRow> query("accounts.list_users", db::Mode::read);
    query.add(
        "select u.id, u.email, u.name, u.is_admin, u.is_editor, u.is_active, u.last_login_at, u.created_at, "
        "u.updated_at, u.deleted_at, u.campaigns, u.roles from core.user_items u");
    add_where(query, filter);
    if (after) query.add(" and u.id > ").bind(*after);
    query.add(" order by u.id limit ").bind(in.per_page + 1);
    if (!after) query.add(" offset ").bind((in.page.value_or(1) - 1) * in.per_page);
    auto rows = co_await deps.db.all(db::Scope::owner(), std::move(query));

    api::Page<User> page;
    page.per_page = in.per_page;
    for (auto& row : rows) page.items.push_back(to_user(std::move(row)));
    api::end_page(page, deps.cursors, kCursor, [](const User& last) { return std::to_string(last.id); });
    if (!after) {
        db::Composed<std::int64_t> count("accounts.count_users", db::Mode::read);
        count.add("select count(*) from core.user_items u");
        add_where(count, filter);
        page.page = in.page.value_or(1);
        page.total = co_await deps.db.one(db::Scope::owner(), std::move(count));
    }
    co_return page;
}

}  // namespace

Task<Result<api::Answer<api::Page<User>>>> list_users(Deps deps, api::Context& context, ListUsers in) {
    const Principal who = context.who;
    const auto managed = managed_campaigns(deps.access.snapshots(), who.user_id);
    if (auto error = not_for_staff(who, managed, 0)) co_return std::unexpected(*std::move(error));
    if (!who.is_admin && in.campaign_id && std::ranges::find(managed, *in.campaign_id) == managed.end())
        co_return std::unexpected(api::Error(api::kForbidden, "The campaign is not one that you manage."));
    if (in.page && in.after) co_return std::unexpected(api::page_and_after());
    const auto after = api::read_number_cursor(deps.cursors, kCursor, in.after);
    if (!after) co_return std::unexpected(after.error());

    const Filter filter{.in = std::move(in), .all = who.is_admin, .managed = managed};
    const auto as_of = co_await deps.db.one(db::Scope::owner(), api::kAsOf);
    api::Page<User> page = co_await read_page(deps, filter, *after);
    page.as_of = as_of;
    for (User& user : page.items) hide_foreign_roles(user, who, deps.access.snapshots());
    co_return api::Answer<api::Page<User>>{.value = std::move(page), .headers = {kPrivate}};
}

}  // namespace townhall::accounts
