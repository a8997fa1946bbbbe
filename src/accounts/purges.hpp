#pragma once

#include "platform/db/query.hpp"

/// What clears away, at most so many rows at a time, what nobody can use any more. A session stays a week longer, for
/// its owner's questions, and so longer than any access token of it could live: one that was revoked goes on being
/// refused.
namespace townhall::accounts {

inline constexpr db::Query<void(std::int32_t)> kPurgeRefreshTokens{
    "accounts.purge_refresh_tokens", db::Mode::write,
    "delete from core.refresh_tokens where hash in (select hash from core.refresh_tokens"
    " where expires_at < now() - interval '1 day' order by expires_at limit $1 for update skip locked)"};

inline constexpr db::Query<void(std::int32_t)> kPurgeSessions{
    "accounts.purge_sessions", db::Mode::write,
    "delete from core.sessions where id in (select id from core.sessions"
    " where expires_at < now() - interval '7 days' order by expires_at limit $1 for update skip locked)"};

inline constexpr db::Query<void(std::int32_t)> kPurgeLinks{
    "accounts.purge_links", db::Mode::write,
    "delete from core.account_links where hash in (select hash from core.account_links"
    " where expires_at < now() - interval '1 day' order by expires_at limit $1 for update skip locked)"};

}  // namespace townhall::accounts
