#pragma once

#include <vector>

#include "platform/db/query.hpp"

namespace townhall::app {

/// Every named query of the product: for the test that prepares and describes each on the migrated schema.
[[nodiscard]] std::vector<const db::Statement*> every_query();

}  // namespace townhall::app
