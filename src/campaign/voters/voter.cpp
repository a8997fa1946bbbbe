#include "campaign/voters/voter.hpp"

#include <fmt/format.h>

namespace townhall::campaign {

namespace {

std::vector<std::string> with_first(const Text& first, std::optional<std::vector<std::string>> others) {
    std::vector<std::string> all = std::move(others).value_or(std::vector<std::string>());
    if (first) all.insert(all.begin(), *first);
    return all;
}

/// What is left to tell of somebody who is no longer in the list: that, and since when.
Voter tombstone_of(Voter&& row) {
    Voter gone;
    gone.id = row.id;
    gone.source = std::move(row.source);
    gone.external_id = std::move(row.external_id);
    gone.created_at = row.created_at;
    gone.updated_at = row.updated_at;
    gone.deleted_at = row.deleted_at;
    return gone;
}

}  // namespace

Voter shown_to(const Principal& who, VoterRow&& row) {
    if (row.deleted_at) return tombstone_of(std::move(row));
    row.phones = with_first(row.phone, std::move(row.other_phones));
    row.tags = std::move(row.own_tags).value_or(std::vector<std::string>());
    if (row.known_districts) row.districts = *std::move(row.known_districts);
    if (sees_everything(who)) {
        row.emails = with_first(row.email, std::move(row.other_emails));
        row.extra = row.known_extra ? *std::move(row.known_extra) : db::Json{"{}"};
    } else {
        row.date_of_birth.reset();
        row.birth_year.reset();
        row.email.reset();
    }
    return static_cast<Voter&&>(row);
}

std::string etag_of(const Principal& who, const Voter& voter) {
    return fmt::format("\"{}-{}-{}{}\"", voter.id, voter.updated_at.time_since_epoch().count(),
                       who.campaign.value_or(0), sees_everything(who) ? "" : "m");
}

}  // namespace townhall::campaign
