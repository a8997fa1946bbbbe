#pragma once

#include <vector>

#include "campaign/voters/voter.hpp"
#include "platform/api/router.hpp"
#include "platform/db/lookup.hpp"
#include "platform/guard/seal.hpp"

/// The voters of a campaign: the shared base of people, seen through the campaign's fence.
namespace townhall::campaign {

class ListFacts;

/// Single voters by id, read together for all who wait. By the voter's id within a campaign, or without one.
class VoterLookup : public db::Lookup<VoterRow> {
  public:
    VoterLookup(db::Database& db, std::span<boost::asio::io_context* const> contexts);
};

/// What the voters' operations need of the application. Outlives the router.
struct VotersDeps {
    db::Database& db;
    const guard::SealKey& answers;  // seals kept answers
    const guard::SignKey& cursors;
    ListFacts& facts;
    VoterLookup& people;
};

void add_voter_routes(api::Router& router, const VotersDeps& deps);
[[nodiscard]] std::vector<const db::Statement*> voter_queries();

}  // namespace townhall::campaign
