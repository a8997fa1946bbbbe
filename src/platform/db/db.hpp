#pragma once

/// The database as features use it. See database.hpp for the calls, query.hpp for named queries, scope.hpp for who
/// asks.
#include "platform/db/database.hpp"
#include "platform/db/errors.hpp"
#include "platform/db/query.hpp"
#include "platform/db/scope.hpp"
#include "platform/db/stats.hpp"
#include "platform/db/types.hpp"
