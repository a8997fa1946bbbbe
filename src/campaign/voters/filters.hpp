#pragma once

#include <algorithm>
#include <fmt/format.h>

#include "campaign/voters/operations.hpp"
#include "importer/normalise/postal.hpp"

namespace townhall::campaign {

/// The conditions of a list, on `v`: campaign.members where the caller acts in a campaign, else campaign.voters.
template <class Row>
void add_filters(db::Composed<Row>& query, const Principal& who, const ListVoters& in) {
    if (!in.include_deleted) query.add(" and v.deleted_at is null");
    if (!in.include_deleted && who.campaign) query.add(" and v.removed_at is null");
    if (in.city) query.add(" and lower(v.city) = lower(").bind(*in.city).add(")");
    if (in.state) query.add(" and v.state = ").bind(kept_state(*in.state));
    if (in.zip) {
        const auto code = importer::parse_postal_code(*in.zip);
        query.add(" and v.zip = ").bind(code ? code->zip : *in.zip);
        if (code && !code->zip4.empty()) query.add(" and v.zip4 = ").bind(code->zip4);
    }
    if (in.party) query.add(" and lower(v.party) = lower(").bind(importer::clean_code(*in.party)).add(")");
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

/// A cursor is good for the list that it was made for: the same campaign, order (or words) and filters.
[[nodiscard]] inline std::string cursor_purpose(std::string_view list, const Principal& who, const ListVoters& in) {
    std::string out = fmt::format("{} {}", list, who.campaign.value_or(0));
    for (const Text* filter : {&in.city, &in.state, &in.zip, &in.party, &in.precinct, &in.tag})
        out += " " + filter->value_or("");
    std::ranges::replace(out, '\n', ' ');
    return out;
}

}  // namespace townhall::campaign
