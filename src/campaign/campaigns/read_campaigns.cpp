#include <fmt/format.h>

#include "campaign/campaigns/operations.hpp"

namespace townhall::campaign {

namespace {

constexpr db::Query<Campaign(std::optional<std::int64_t>, std::int64_t, std::int64_t)> kList{
    "campaigns.list", db::Mode::read,
    "select " TOWNHALL_CAMPAIGN_COLUMNS
    " from campaign.campaigns c where c.deleted_at is null and ($1 is null or exists"
    " (select from core.memberships m where m.campaign_id = c.id and m.user_id = $1))"
    " order by c.id limit $2 offset $3"};
constexpr db::Query<std::int64_t(std::optional<std::int64_t>)> kCount{
    "campaigns.count", db::Mode::read,
    "select count(*) from campaign.campaigns c where c.deleted_at is null and ($1 is null or exists"
    " (select from core.memberships m where m.campaign_id = c.id and m.user_id = $1))"};

constexpr std::array<const db::Statement*, 3> kQueries{&kGetCampaign, &kList, &kCount};

}  // namespace

std::string etag_of(const Campaign& campaign) {
    return fmt::format("\"c{}-{}\"", campaign.id, campaign.updated_at.time_since_epoch().count());
}

Task<Result<api::Page<Campaign>>> list_campaigns(CampaignsDeps deps, Principal who, ListCampaigns in) {
    api::Page<Campaign> page;
    page.items =
        co_await deps.db.all(db::Scope::owner(), kList, viewer_of(who), in.per_page, (in.page - 1) * in.per_page);
    page.total = co_await deps.db.one(db::Scope::owner(), kCount, viewer_of(who));
    page.page = in.page;
    page.per_page = in.per_page;
    co_return page;
}

Task<Result<api::Answer<Campaign>>> get_campaign(CampaignsDeps deps, Principal who, GetCampaign in) {
    auto found = co_await deps.db.optional(db::Scope::owner(), kGetCampaign, in.id, viewer_of(who));
    if (!found) co_return std::unexpected(kNoSuchCampaign);
    std::string etag = etag_of(*found);
    co_return api::Answer<Campaign>{.value = *std::move(found), .etag = std::move(etag)};
}

std::span<const db::Statement* const> campaign_queries() { return kQueries; }

}  // namespace townhall::campaign
