#include "campaign/voters/operations.hpp"

namespace townhall::campaign {

VoterLookup::VoterLookup(db::Database& db, std::span<boost::asio::io_context* const> contexts)
    : Lookup(db, contexts, {kGetMember, kGetMembers}, {kGetAny, kGetAnyMany}) {}

Task<Result<api::Answer<Voter>>> get_voter(VotersDeps deps, Principal who, GetVoter in) {
    auto row = co_await deps.people.find(scope_of(who), in.id);
    if (!row) co_return std::unexpected(kNoSuchVoter);
    api::Answer<Voter> answer{.value = shown_to(who, std::move(*row))};
    answer.etag = etag_of(who, answer.value);
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    answer.headers.emplace_back("Vary", "Authorization");
    co_return answer;
}

}  // namespace townhall::campaign
