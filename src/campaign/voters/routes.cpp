#include "campaign/voters/operations.hpp"
#include "campaign/voters/queries.hpp"

namespace townhall::campaign {

namespace {

constexpr api::Endpoint<ListVoters, api::Page<Voter>> kList{
    .verb = api::get, .path = "/api/v1/voters", .summary = "List voters, or find them by name", .role = Role::viewer};
constexpr api::Endpoint<VoterDraft, Voter> kPost{.verb = api::post,
                                                 .path = "/api/v1/voters",
                                                 .summary = "Add a voter",
                                                 .role = Role::organizer,
                                                 .success = 201,
                                                 .errors = {&kVoterExists},
                                                 .idempotent_post = true};
constexpr api::Endpoint<GetVoter, Voter> kGet{.verb = api::get,
                                              .path = "/api/v1/voters/{id}",
                                              .summary = "Read a voter",
                                              .role = Role::viewer,
                                              .errors = {&kNoSuchVoter}};
constexpr api::Endpoint<VoterChange, Voter> kPut{.verb = api::put,
                                                 .path = "/api/v1/voters/{id}",
                                                 .summary = "Change a voter: the fields sent",
                                                 .role = Role::organizer,
                                                 .errors = {&kNoSuchVoter, &api::kPreconditionFailed}};
constexpr api::Endpoint<VoterChange, Voter> kPatch{.verb = api::patch,
                                                   .path = "/api/v1/voters/{id}",
                                                   .summary = "Change a voter: the fields sent",
                                                   .role = Role::organizer,
                                                   .errors = {&kNoSuchVoter, &api::kPreconditionFailed}};
constexpr api::Endpoint<GetVoter, api::Nothing> kDelete{
    .verb = api::del,
    .path = "/api/v1/voters/{id}",
    .summary = "Take a voter out of the campaign; as an admin without a campaign, hide the person",
    .role = Role::manager,
    .success = 204,
    .errors = {&kNoSuchVoter, &api::kPreconditionFailed}};

constexpr std::array<const db::Statement*, 9> kOwn{&kGetMember, &kGetAny, &kGetMembers, &kGetAnyMany, &kCreate,
                                                   &kLock,      &kChange, &kUnlink,     &kHide};

}  // namespace

void add_voter_routes(api::Router& router, const VotersDeps& deps) {
    router.add(kList, deps, list_voters);
    router.add(kPost, deps, create_voter);
    router.add(kGet, deps, get_voter);
    router.add(kPut, deps, change_voter);
    router.add(kPatch, deps, change_voter);
    router.add(kDelete, deps, delete_voter);
}

std::vector<const db::Statement*> voter_queries() {
    std::vector<const db::Statement*> out(kOwn.begin(), kOwn.end());
    for (const auto more : {search_queries(), list_fact_queries()}) out.insert(out.end(), more.begin(), more.end());
    return out;
}

}  // namespace townhall::campaign
