#pragma once

#include <vector>

#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"

/// Campaigns: what every other record of this application belongs to.
namespace townhall::campaign {

struct Campaign {
    std::int64_t id = 0;
    std::string name, slug;
    std::optional<std::string> description, office, jurisdiction;
    std::optional<db::Date> starts_on, election_on;
    std::string time_zone, currency;
    bool is_default = false;
    db::Timestamp created_at, updated_at;
    std::optional<db::Timestamp> deleted_at;  // a tombstone: hidden
};
constexpr auto columns_of(std::type_identity<Campaign>) {
    using C = Campaign;
    return std::tuple{&C::id,           &C::name,       &C::slug,        &C::description, &C::office,
                      &C::jurisdiction, &C::starts_on,  &C::election_on, &C::time_zone,   &C::currency,
                      &C::is_default,   &C::created_at, &C::updated_at,  &C::deleted_at};
}
constexpr auto schema_of(std::type_identity<Campaign>) {
    using C = Campaign;
    return api::object("Campaign", api::field("id", &C::id), api::field("name", &C::name), api::field("slug", &C::slug),
                       api::field("description", &C::description), api::field("office", &C::office),
                       api::field("jurisdiction", &C::jurisdiction), api::field("starts_on", &C::starts_on),
                       api::field("election_on", &C::election_on), api::field("time_zone", &C::time_zone),
                       api::field("currency", &C::currency), api::field("is_default", &C::is_default),
                       api::field("created_at", &C::created_at), api::field("updated_at", &C::updated_at),
                       api::field("deleted_at", &C::deleted_at));
}

struct CampaignsDeps {
    db::Database& db;
    const guard::SealKey& answers;
    const guard::SignKey& cursors;
};

void add_campaign_routes(api::Router& router, const CampaignsDeps& deps);
[[nodiscard]] std::vector<const db::Statement*> campaign_queries();

}  // namespace townhall::campaign
