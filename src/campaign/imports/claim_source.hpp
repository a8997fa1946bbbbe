#pragma once

#include "campaign/imports/voter_writer.hpp"
#include "platform/db/sync/connection.hpp"

namespace townhall::campaign {

/// Claims the import's source for its campaign; a dry run only looks. False where it is another campaign's. Admins and
/// the command line use any, and leave it whose it is. Call with the source locked.
[[nodiscard]] bool claim_source(db::Connection& connection, const ImportOrder& order);

}  // namespace townhall::campaign
