#include <string>

#include "accounts/operations.hpp"
#include "platform/api/paging.hpp"

namespace townhall::accounts {

namespace {

constexpr std::string_view kCursor = "audit";

template <class Row>
void add_where(db::Composed<Row>& query, const ListAudit& in) {
    query.add(" where true");
    if (in.actor_id) query.add(" and actor_id = ").bind(*in.actor_id);
    if (in.action) query.add(" and action = ").bind(*in.action);
    if (in.subject) query.add(" and subject = ").bind(*in.subject);
    if (in.campaign_id) query.add(" and campaign_id = ").bind(*in.campaign_id);
    if (in.since) query.add(" and at >= ").bind(*in.since);
    if (in.until) query.add(" and at < ").bind(*in.until);
}

}  // namespace

Task<Result<api::Answer<api::Page<AuditItem>>>> list_audit(Deps deps, api::Context&, ListAudit in) {
    if (in.page && in.after)
        co_return std::unexpected(api::invalid_parameter("after", "conflict", "Give either page or after."));
    const auto position = api::read_number_cursor(deps.cursors, kCursor, in.after);
    if (!position) co_return std::unexpected(position.error());

    db::Composed<AuditItem> query("accounts.list_audit", db::Mode::read);
    query.add(
        "select id, at, actor_id, action, subject, campaign_id, address, request_id, details from core.audit_log");
    add_where(query, in);
    if (*position) query.add(" and id < ").bind(**position);
    query.add(" order by id desc limit ").bind(in.per_page + 1);
    if (in.page) query.add(" offset ").bind((*in.page - 1) * in.per_page);

    api::Page<AuditItem> page;
    page.items = co_await deps.db.all(db::Scope::owner().slow(), std::move(query));
    page.per_page = in.per_page;
    api::end_page(page, deps.cursors, kCursor, [](const AuditItem& last) { return std::to_string(last.id); });
    if (!in.after) {
        page.page = in.page.value_or(1);
        db::Composed<std::int64_t> count("accounts.count_audit", db::Mode::read);
        count.add("select count(*) from (select from core.audit_log");
        add_where(count, in);
        count.add(" limit ").bind(api::kMostCounted).add(") counted");
        page.total = co_await deps.db.one(db::Scope::owner().slow(), std::move(count));
        page.total_is_estimate = *page.total == api::kMostCounted;
    }
    co_return api::Answer<api::Page<AuditItem>>{.value = std::move(page), .headers = {kPrivate}};
}

}  // namespace townhall::accounts
