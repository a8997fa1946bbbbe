#include "campaign/imports/claim_source.hpp"

#include "campaign/imports/sources.hpp"

namespace townhall::campaign {

bool claim_source(db::Connection& connection, const ImportOrder& order) {
    if (is_reserved_source(order.source)) return true;
    if (!order.dry_run)
        connection.query("insert into campaign.sources (source, campaign_id) values ($1, $2) on conflict do nothing",
                         order.source, order.campaign);
    // By who asked for it, as they stand now: an import may have waited.
    return connection
               .query(
                   "select 1 from campaign.imports i left join core.users u on u.id = i.created_by"
                   " where i.id = $3::uuid and (i.object_key is null"
                   " or (u.is_admin and u.disabled_at is null and u.deleted_at is null) or not exists ("
                   "select from campaign.sources s where s.source = $1 and s.campaign_id is distinct from $2))",
                   order.source, order.campaign, order.id)
               .rows() > 0;
}

}  // namespace townhall::campaign
