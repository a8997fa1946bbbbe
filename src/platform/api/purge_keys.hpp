#pragma once

#include "platform/db/query.hpp"

namespace townhall::api {

/// Clears away at most so many idempotency keys that are too old to be known any more.
inline constexpr db::Query<void(std::int32_t)> kPurgeKeys{
    "idempotency.purge", db::Mode::write,
    "delete from core.idempotency_keys where id in (select id from core.idempotency_keys"
    " where created_at < now() - interval '24 hours' order by created_at limit $1 for update skip locked)"};

}  // namespace townhall::api
