#pragma once

#include "campaign/voters/operations.hpp"

namespace townhall::campaign {

/// The conditions of a list, on `v`: campaign.members where the caller acts in a campaign, else campaign.voters.
template <class Row>
void add_filters(db::Composed<Row>& query, const Principal& who, const ListVoters& in) {
    if (!in.include_deleted) query.add(" and v.deleted_at is null");
    if (!in.include_deleted && who.campaign) query.add(" and v.removed_at is null");
    if (in.city) query.add(" and lower(v.city) = lower(").bind(*in.city).add(")");
    if (in.state) query.add(" and v.state = upper(").bind(*in.state).add(")");
    if (in.zip) query.add(" and v.zip = ").bind(*in.zip);
    if (in.party) query.add(" and v.party = ").bind(*in.party);
    if (in.precinct) query.add(" and v.precinct = ").bind(*in.precinct);
    if (who.campaign && in.tag) query.add(" and ").bind(*in.tag).add(" = any(v.tags)");
    if (who.campaign && in.support) query.add(" and v.support = ").bind(static_cast<std::int16_t>(*in.support));
    if (!who.campaign && (in.tag || in.support)) query.add(" and false");
    if (in.updated_since) {
        if (who.campaign)
            query.add(" and v.changed_at >= ").bind(*in.updated_since);
        else
            query.add(" and v.updated_at >= ").bind(*in.updated_since);
    }
}

}  // namespace townhall::campaign
