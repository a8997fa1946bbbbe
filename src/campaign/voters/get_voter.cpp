#include "campaign/voters/operations.hpp"

namespace townhall::campaign {

Task<Result<api::Answer<Voter>>> get_voter(VotersDeps deps, Principal who, GetVoter in) {
    auto row = co_await deps.db.optional(scope_of(who), who.campaign ? kGetMember : kGetAny, in.id);
    if (!row) co_return std::unexpected(kNoSuchVoter);
    api::Answer<Voter> answer{.value = shown_to(who, *std::move(row))};
    answer.etag = etag_of(who, answer.value);
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    answer.headers.emplace_back("Vary", "Authorization");
    co_return answer;
}

}  // namespace townhall::campaign
