#pragma once

// The campaigns' operations: for the files of this folder.

#include <span>

#include "campaign/campaigns/campaigns.hpp"

namespace townhall::campaign {

inline constexpr api::ErrorCode kNoSuchCampaign{"no_such_campaign", 404, "There is no such campaign"};
inline constexpr api::ErrorCode kSlugTaken{"slug_taken", 409, "Another campaign has this slug"};

struct CampaignFields {
    api::Maybe<std::string> name, slug, description, office, jurisdiction;
    api::Maybe<db::Date> starts_on, election_on;
    api::Maybe<std::string> time_zone, currency;
    api::Maybe<bool> is_default;
};
template <class T>
constexpr auto campaign_fields() {
    return std::tuple{api::field("slug", &T::slug, api::slug),
                      api::field("description", &T::description, api::max_len<5'000>),
                      api::field("office", &T::office, api::max_len<200>),
                      api::field("jurisdiction", &T::jurisdiction, api::max_len<200>),
                      api::field("starts_on", &T::starts_on),
                      api::field("election_on", &T::election_on),
                      api::field("time_zone", &T::time_zone, api::time_zone),
                      api::field("currency", &T::currency, api::min_len<3>, api::max_len<3>),
                      api::field("is_default", &T::is_default)};
}

struct NewCampaign : CampaignFields {
    std::string title;  // `name`, which is required here
};
constexpr auto schema_of(std::type_identity<NewCampaign>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("NewCampaign",
                               api::field("name", &NewCampaign::title, api::min_len<1>, api::max_len<200>), fields...);
        },
        campaign_fields<NewCampaign>());
}

struct ChangeCampaign : CampaignFields {
    std::int64_t id = 0;
};
constexpr auto schema_of(std::type_identity<ChangeCampaign>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("ChangeCampaign", api::path("id", &ChangeCampaign::id, api::min<1>),
                               api::field("name", &ChangeCampaign::name, api::min_len<1>, api::max_len<200>),
                               fields...);
        },
        campaign_fields<ChangeCampaign>());
}

/// PUT demands what POST does; what else is absent stays as it is.
struct ReplaceCampaign : ChangeCampaign {
    std::string title;  // `name`
};
constexpr auto schema_of(std::type_identity<ReplaceCampaign>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("ReplaceCampaign", api::path("id", &ReplaceCampaign::id, api::min<1>),
                               api::field("name", &ReplaceCampaign::title, api::min_len<1>, api::max_len<200>),
                               fields...);
        },
        campaign_fields<ReplaceCampaign>());
}

struct GetCampaign {
    std::int64_t id = 0;
};
constexpr auto schema_of(std::type_identity<GetCampaign>) {
    return api::object("GetCampaign", api::path("id", &GetCampaign::id, api::min<1>));
}

struct ListCampaigns {
    std::int64_t per_page = 50;
    std::optional<std::int64_t> page;
    std::optional<std::string> after;
    std::optional<db::Timestamp> updated_since;
    bool include_deleted = false;
};
constexpr auto schema_of(std::type_identity<ListCampaigns>) {
    return api::object("ListCampaigns",
                       api::query("per_page", &ListCampaigns::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &ListCampaigns::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &ListCampaigns::after, api::max_len<200>),
                       api::query("updated_since", &ListCampaigns::updated_since),
                       api::query("include_deleted", &ListCampaigns::include_deleted, api::defaulted));
}

Task<Result<api::Page<Campaign>>> list_campaigns(CampaignsDeps deps, api::Context& context, ListCampaigns in);
Task<Result<api::Answer<Campaign>>> get_campaign(CampaignsDeps deps, Principal who, GetCampaign in);
Task<Result<api::Answer<Campaign>>> create_campaign(CampaignsDeps deps, api::Context& context, NewCampaign in);
Task<Result<api::Answer<Campaign>>> change_campaign(CampaignsDeps deps, api::Context& context, ChangeCampaign in);
Task<Result<api::Answer<Campaign>>> replace_campaign(CampaignsDeps deps, api::Context& context, ReplaceCampaign in);
Task<Result<api::Nothing>> hide_campaign(CampaignsDeps deps, api::Context& context, GetCampaign in);

[[nodiscard]] std::span<const db::Statement* const> change_queries();
[[nodiscard]] std::string etag_of(const Campaign& campaign);
/// The fields that are present, as an object whose members are columns of campaign.campaigns; or what is wrong.
[[nodiscard]] Result<db::Json> columns_json(const CampaignFields& fields);

#define TOWNHALL_CAMPAIGN_COLUMNS                                                                             \
    "c.id, c.name, c.slug, c.description, c.office, c.jurisdiction, c.starts_on, c.election_on, c.time_zone," \
    " c.currency, c.is_default, c.created_at, c.updated_at, c.deleted_at"

// Everyone sees the campaigns they belong to; $1 is null for admins, who see all.
inline constexpr db::Query<Campaign(std::int64_t, std::optional<std::int64_t>)> kGetCampaign{
    "campaigns.get", db::Mode::read,
    "select " TOWNHALL_CAMPAIGN_COLUMNS
    " from campaign.campaigns c where c.id = $1 and c.deleted_at is null and ($2 is null or exists"
    " (select from core.memberships m where m.campaign_id = c.id and m.user_id = $2))"};

[[nodiscard]] inline std::optional<std::int64_t> viewer_of(const Principal& who) {
    return who.is_admin ? std::nullopt : std::optional(who.user_id);
}

}  // namespace townhall::campaign
