#include "app/queries.hpp"

#include "accounts/accounts.hpp"
#include "app/jobs_routes.hpp"
#include "app/schedules.hpp"
#include "app/system_routes.hpp"
#include "campaign/campaigns/campaigns.hpp"
#include "campaign/imports/imports.hpp"
#include "campaign/voters/voters.hpp"
#include "platform/api/audit.hpp"
#include "platform/api/idempotency.hpp"
#include "platform/api/paging.hpp"
#include "website/forms/forms.hpp"

namespace townhall::app {

std::vector<const db::Statement*> every_query() {
    std::vector<const db::Statement*> out{&api::kTakeKey, &api::kKeepAnswer, &api::kKeptAnswer, &api::kAudit,
                                          &api::kAsOf};
    const auto add = [&](const auto& queries) { out.insert(out.end(), queries.begin(), queries.end()); };
    add(system_queries());
    add(jobs_queries());
    for (const Purge& purge : kPurges) out.push_back(purge.query);
    add(accounts::queries());
    add(website::form_queries());
    add(campaign::campaign_queries());
    add(campaign::voter_queries());
    add(campaign::import_queries());
    return out;
}

}  // namespace townhall::app
