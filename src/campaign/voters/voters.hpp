#pragma once

#include <vector>

#include "campaign/voters/voter.hpp"
#include "platform/api/router.hpp"
#include "platform/guard/seal.hpp"

/// The voters of a campaign: the shared base of people, seen through the campaign's fence.
namespace townhall::campaign {

class ListFacts;

/// What the voters' operations need of the application. Outlives the router.
struct VotersDeps {
    db::Database& db;
    const guard::SealKey& answers;  // seals kept answers
    const guard::SignKey& cursors;
    ListFacts& facts;
};

void add_voter_routes(api::Router& router, const VotersDeps& deps);
[[nodiscard]] std::vector<const db::Statement*> voter_queries();

}  // namespace townhall::campaign
