#include <fmt/format.h>

#include "campaign/campaigns/operations.hpp"
#include "platform/api/paging.hpp"

namespace townhall::campaign {

namespace {

template <class Row>
void add_filters(db::Composed<Row>& query, const Principal& who, const ListCampaigns& in) {
    query.add(" from campaign.campaigns c where true");
    if (!in.include_deleted) query.add(" and c.deleted_at is null");
    if (in.updated_since) query.add(" and c.updated_at >= ").bind(*in.updated_since);
    if (!who.is_admin)
        query
            .add(
                " and exists (select from core.memberships m"
                " where m.campaign_id = c.id and m.user_id = ")
            .bind(who.user_id)
            .add(")");
}

}  // namespace

std::string etag_of(const Campaign& campaign) {
    return fmt::format("\"c{}-{}\"", campaign.id, campaign.updated_at.time_since_epoch().count());
}

Task<Result<api::Page<Campaign>>> list_campaigns(CampaignsDeps deps, api::Context& context, ListCampaigns in) {
    const Principal who = context.who;
    if (in.page && in.after) co_return std::unexpected(api::page_and_after());
    const auto after = api::read_number_cursor(deps.cursors, context.route, in.after);
    if (!after) co_return std::unexpected(after.error());

    api::Page<Campaign> page;
    page.as_of = co_await deps.db.one(db::Scope::owner(), api::kAsOf);
    db::Composed<Campaign> query("campaigns.list", db::Mode::read);
    query.add("select " TOWNHALL_CAMPAIGN_COLUMNS);
    add_filters(query, who, in);
    if (*after) query.add(" and c.id > ").bind(**after);
    query.add(" order by c.id limit ").bind(in.per_page + 1);
    if (in.page) query.add(" offset ").bind((*in.page - 1) * in.per_page);
    page.items = co_await deps.db.all(db::Scope::owner(), std::move(query));
    page.per_page = in.per_page;
    if (!in.after) page.page = in.page.value_or(1);
    db::Composed<std::int64_t> count("campaigns.count", db::Mode::read);
    count.add("select count(*)");
    add_filters(count, who, in);
    page.total = co_await deps.db.one(db::Scope::owner(), std::move(count));
    api::end_page(page, deps.cursors, context.route, [](const Campaign& last) { return std::to_string(last.id); });
    co_return page;
}

Task<Result<api::Answer<Campaign>>> get_campaign(CampaignsDeps deps, Principal who, GetCampaign in) {
    auto found = co_await deps.db.optional(db::Scope::owner(), kGetCampaign, in.id, viewer_of(who));
    if (!found) co_return std::unexpected(kNoSuchCampaign);
    std::string etag = etag_of(*found);
    co_return api::Answer<Campaign>{.value = *std::move(found), .etag = std::move(etag)};
}

std::vector<const db::Statement*> campaign_queries() {
    std::vector<const db::Statement*> out{&kGetCampaign};
    const auto changes = change_queries();
    out.insert(out.end(), changes.begin(), changes.end());
    return out;
}

}  // namespace townhall::campaign
