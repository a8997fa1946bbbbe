#pragma once

// The voters' operations: for the files of this folder.

#include "campaign/voters/draft.hpp"
#include "campaign/voters/list_facts.hpp"
#include "campaign/voters/voters.hpp"

namespace townhall::campaign {

inline constexpr api::ErrorCode kNoSuchVoter{"no_such_voter", 404, "There is no such voter"};
inline constexpr api::ErrorCode kVoterExists{"voter_exists", 409, "The voter is there already"};

struct GetVoter {
    std::int64_t id = 0;
};
constexpr auto schema_of(std::type_identity<GetVoter>) {
    return api::object("GetVoter", api::path("id", &GetVoter::id, api::min<1>));
}

enum class Sort : std::uint8_t { id, last_name };
constexpr auto enum_names(std::type_identity<Sort>) {
    return std::array<std::pair<Sort, std::string_view>, 2>{{{Sort::id, "id"}, {Sort::last_name, "last_name"}}};
}

/// How sure the total must be: `exact` counts, whatever it costs.
enum class Count : std::uint8_t { quick, exact };
constexpr auto enum_names(std::type_identity<Count>) {
    return std::array<std::pair<Count, std::string_view>, 2>{{{Count::quick, "quick"}, {Count::exact, "exact"}}};
}

struct ListVoters {
    Text q, city, state, zip, party, precinct, tag;
    std::optional<int> support;
    Sort sort = Sort::id;
    std::int64_t per_page = 50;
    std::optional<std::int64_t> page;
    Text after;
    std::optional<db::Timestamp> updated_since;
    bool include_deleted = false;
    Count count = Count::quick;

    /// Whether anything narrows the list down beside the campaign.
    [[nodiscard]] bool filtered() const {
        return city || state || zip || party || precinct || tag || support || updated_since || include_deleted;
    }
};
constexpr auto schema_of(std::type_identity<ListVoters>) {
    using L = ListVoters;
    return api::object(
        "ListVoters", api::query("q", &L::q, api::min_len<1>, api::max_len<100>),
        api::query("city", &L::city, api::max_len<200>), api::query("state", &L::state, api::max_len<50>),
        api::query("zip", &L::zip, api::max_len<20>), api::query("party", &L::party, api::max_len<100>),
        api::query("precinct", &L::precinct, api::max_len<200>), api::query("tag", &L::tag, api::max_len<100>),
        api::query("support", &L::support, api::min<1>, api::max<5>), api::query("sort", &L::sort, api::defaulted),
        api::query("per_page", &L::per_page, api::min<1>, api::max<200>, api::defaulted),
        api::query("page", &L::page, api::min<1>, api::max<1'000'000>),
        api::query("after", &L::after, api::max_len<500>), api::query("updated_since", &L::updated_since),
        api::query("include_deleted", &L::include_deleted, api::defaulted),
        api::query("count", &L::count, api::defaulted));
}

Task<Result<api::Answer<Voter>>> get_voter(VotersDeps deps, Principal who, GetVoter in);
Task<Result<api::Answer<api::Page<Voter>>>> list_voters(VotersDeps deps, api::Context& context, ListVoters in);
Task<Result<api::Answer<Voter>>> create_voter(VotersDeps deps, api::Context& context, VoterDraft in);
Task<Result<api::Answer<Voter>>> change_voter(VotersDeps deps, api::Context& context, VoterChange in);
Task<Result<api::Nothing>> delete_voter(VotersDeps deps, api::Context& context, GetVoter in);

/// Pages of voters found by name, best matches first.
Task<Result<api::Page<Voter>>> search_voters(VotersDeps deps, Principal who, ListVoters in);
[[nodiscard]] std::span<const db::Statement* const> search_queries();

inline constexpr db::Query<VoterRow(std::int64_t)> kGetMember{
    "voters.get", db::Mode::read,
    "select " TOWNHALL_MEMBER_COLUMNS
    " from campaign.members v"
    " where v.voter_id = $1 and v.removed_at is null and v.deleted_at is null"};
inline constexpr db::Query<VoterRow(std::int64_t)> kGetAny{
    "voters.get_any", db::Mode::read,
    "select " TOWNHALL_BASE_COLUMNS " from campaign.voters v where v.id = $1 and v.deleted_at is null"};
inline constexpr db::Query<VoterRow(std::vector<std::int64_t>)> kGetMembers{
    "voters.get_many", db::Mode::read,
    "select " TOWNHALL_MEMBER_COLUMNS
    " from campaign.members v"
    " where v.voter_id = any($1) and v.removed_at is null and v.deleted_at is null"};
inline constexpr db::Query<VoterRow(std::vector<std::int64_t>)> kGetAnyMany{
    "voters.get_any_many", db::Mode::read,
    "select " TOWNHALL_BASE_COLUMNS " from campaign.voters v where v.id = any($1) and v.deleted_at is null"};

}  // namespace townhall::campaign
