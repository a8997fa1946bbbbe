#pragma once

// Statements that change voters, and the two that read one inside such a transaction.

#include "campaign/voters/voter.hpp"

namespace townhall::campaign {

inline constexpr db::Query<std::int64_t(db::Json, std::string, std::string)> kCreate{
    "voters.create", db::Mode::write, "select campaign.create_voter($1, $2, $3)"};
/// Locks the voter before it is read, so that what is decided by its present state (`If-Match`, the name that is
/// searched by) holds until the change commits.
inline constexpr db::Query<std::int64_t(std::int64_t)> kLock{
    "voters.lock", db::Mode::write, "select l from campaign.lock_voter($1) l where l is not null"};
inline constexpr db::Query<std::optional<std::int64_t>(std::int64_t, db::Json, std::string, std::string)> kChange{
    "voters.change", db::Mode::write, "select campaign.change_voter($1, $2, $3, $4)"};
inline constexpr db::Query<std::int64_t(std::int64_t)> kUnlink{
    "voters.unlink", db::Mode::write, "select u from campaign.unlink_voter($1) u where u is not null"};
/// Whoever is hidden is in no campaign any more: the links go at the same moment, which tells them from those that had
/// gone before.
inline constexpr db::Query<std::int64_t(std::int64_t)> kHide{
    "voters.hide", db::Mode::write,
    "with hidden as (update campaign.voters set deleted_at = clock_timestamp(), updated_at = clock_timestamp()"
    " where id = $1 and deleted_at is null returning id, deleted_at),"
    " unlinked as (update campaign.campaign_voters m set changed_at = clock_timestamp(),"
    " removed_at = coalesce(m.removed_at, h.deleted_at) from hidden h where m.voter_id = h.id) select id from hidden"};

}  // namespace townhall::campaign
