#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/api/endpoint.hpp"
#include "platform/api/schema.hpp"
#include "platform/db/types.hpp"

/// The audit log as administrators read it.
namespace townhall::accounts {

struct AuditItem {
    std::int64_t id = 0;
    db::Timestamp at;
    std::optional<std::int64_t> actor_id;  // none: nobody was signed in, or the command line did it
    std::string action;
    std::optional<std::string> subject;
    std::optional<std::int64_t> campaign_id;
    std::optional<std::string> address;
    std::optional<std::string> request_id;
    db::Json details;
};
constexpr auto columns_of(std::type_identity<AuditItem>) {
    using I = AuditItem;
    return std::tuple{&I::id,          &I::at,      &I::actor_id,   &I::action, &I::subject,
                      &I::campaign_id, &I::address, &I::request_id, &I::details};
}
constexpr auto schema_of(std::type_identity<AuditItem>) {
    using I = AuditItem;
    return api::object("AuditItem", api::field("id", &I::id), api::field("at", &I::at),
                       api::field("actor_id", &I::actor_id), api::field("action", &I::action),
                       api::field("subject", &I::subject), api::field("campaign_id", &I::campaign_id),
                       api::field("address", &I::address), api::field("request_id", &I::request_id),
                       api::field("details", &I::details));
}

/// The query of GET /api/v1/audit.
struct ListAudit {
    std::optional<std::int64_t> actor_id;
    std::optional<std::string> action;
    std::optional<std::string> subject;
    std::optional<std::int64_t> campaign_id;
    std::optional<db::Timestamp> since;  // at or after
    std::optional<db::Timestamp> until;  // before
    std::int64_t per_page = 50;
    std::optional<std::int64_t> page;
    std::optional<std::string> after;
};
constexpr auto schema_of(std::type_identity<ListAudit>) {
    using L = ListAudit;
    return api::object("ListAudit", api::query("actor_id", &L::actor_id, api::min<1>),
                       api::query("action", &L::action, api::min_len<1>, api::max_len<60>),
                       api::query("subject", &L::subject, api::min_len<1>, api::max_len<100>),
                       api::query("campaign_id", &L::campaign_id, api::min<1>), api::query("since", &L::since),
                       api::query("until", &L::until),
                       api::query("per_page", &L::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &L::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &L::after, api::max_len<200>));
}

}  // namespace townhall::accounts
