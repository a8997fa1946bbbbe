#pragma once

#include <chrono>

#include "accounts/purges.hpp"
#include "platform/api/purge_keys.hpp"
#include "platform/jobs/purge.hpp"
#include "platform/jobs/queries.hpp"

namespace townhall::app {

/// Rows that are cleared away once they have served their time. The query says when that is.
struct Purge {
    const char* kind;
    const jobs::PurgeQuery* query;
    std::chrono::seconds every;
};

/// Every recurring job that clears away rows. Files are cleared away by another, every `kPurgeFilesEvery`.
inline constexpr std::chrono::seconds kPurgeFilesEvery = std::chrono::hours(1);
inline constexpr Purge kPurges[] = {
    {"purge.jobs", &jobs::kPurge, std::chrono::minutes(5)},
    {"purge.idempotency_keys", &api::kPurgeKeys, std::chrono::minutes(5)},
    {"purge.refresh_tokens", &accounts::kPurgeRefreshTokens, std::chrono::hours(1)},
    {"purge.sessions", &accounts::kPurgeSessions, std::chrono::hours(1)},
    {"purge.account_links", &accounts::kPurgeLinks, std::chrono::hours(1)},
};

}  // namespace townhall::app
