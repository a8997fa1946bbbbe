#pragma once

#include <string>
#include <vector>

#include "campaign/voters/voter.hpp"

namespace townhall::campaign {

struct MailingAddress {
    Text address, address2, city, state, zip, country;
};
constexpr auto schema_of(std::type_identity<MailingAddress>) {
    using M = MailingAddress;
    return api::object("MailingAddress", api::field("address", &M::address, api::max_len<300>),
                       api::field("address2", &M::address2, api::max_len<300>),
                       api::field("city", &M::city, api::max_len<200>),
                       api::field("state", &M::state, api::max_len<50>), api::field("zip", &M::zip, api::max_len<20>),
                       api::field("country", &M::country, api::max_len<100>));
}

/// What people may say of a voter: the body of POST, PUT and PATCH. Absent leaves as it is, null clears.
struct VoterFields {
    api::Maybe<std::string> first_name, middle_name, last_name, suffix;
    api::Maybe<db::Date> date_of_birth;
    api::Maybe<int> birth_year;
    api::Maybe<std::string> gender, party, status;
    api::Maybe<db::Date> registered_at;
    api::Maybe<std::string> phone, email;
    api::Maybe<std::vector<std::string>> phones, emails;
    api::Maybe<std::string> address, address2, city, state, zip, zip4, county, country;
    api::Maybe<MailingAddress> mailing;
    api::Maybe<std::string> precinct;
    api::Maybe<db::Json> districts, extra;
};
template <class T>
constexpr auto voter_fields() {
    return std::tuple{api::field("first_name", &T::first_name, api::max_len<100>),
                      api::field("middle_name", &T::middle_name, api::max_len<100>),
                      api::field("last_name", &T::last_name, api::max_len<100>),
                      api::field("suffix", &T::suffix, api::max_len<50>),
                      api::field("date_of_birth", &T::date_of_birth),
                      api::field("birth_year", &T::birth_year, api::min<1850>, api::max<2200>),
                      api::field("gender", &T::gender, api::max_len<50>),
                      api::field("party", &T::party, api::max_len<100>),
                      api::field("status", &T::status, api::max_len<50>),
                      api::field("registered_at", &T::registered_at),
                      api::field("phone", &T::phone, api::max_len<50>),
                      api::field("email", &T::email, api::max_len<254>),
                      api::field("phones", &T::phones, api::max_len<50>, api::max_items<20>),
                      api::field("emails", &T::emails, api::max_len<254>, api::max_items<20>),
                      api::field("address", &T::address, api::max_len<300>),
                      api::field("address2", &T::address2, api::max_len<300>),
                      api::field("city", &T::city, api::max_len<200>),
                      api::field("state", &T::state, api::max_len<50>),
                      api::field("zip", &T::zip, api::max_len<20>),
                      api::field("zip4", &T::zip4, api::max_len<10>),
                      api::field("county", &T::county, api::max_len<200>),
                      api::field("country", &T::country, api::max_len<100>),
                      api::field("mailing", &T::mailing),
                      api::field("precinct", &T::precinct, api::max_len<200>),
                      api::field("districts", &T::districts, api::max_len<10'000>),
                      api::field("extra", &T::extra, api::max_len<100'000>)};
}

/// Body of POST /api/v1/voters.
struct VoterDraft : VoterFields {
    Text external_id;
    std::optional<std::int64_t> campaign_id;
};
constexpr auto schema_of(std::type_identity<VoterDraft>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("VoterDraft", fields...,
                               api::field("external_id", &VoterDraft::external_id, api::max_len<100>),
                               api::field("campaign_id", &VoterDraft::campaign_id, api::min<1>));
        },
        voter_fields<VoterDraft>());
}

/// PUT and PATCH /api/v1/voters/{id}.
struct VoterChange : VoterFields {
    std::int64_t id = 0;
    std::optional<std::int64_t> campaign_id;
};
constexpr auto schema_of(std::type_identity<VoterChange>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("VoterChange", api::path("id", &VoterChange::id, api::min<1>), fields...,
                               api::field("campaign_id", &VoterChange::campaign_id, api::min<1>));
        },
        voter_fields<VoterChange>());
}

/// Puts the fields by the rules that imports follow too (names cleaned, telephone numbers in E.164, postal codes split,
/// …); each value that can't be read so becomes a fault.
void check(VoterDraft& draft, api::Faults& faults);
void check(VoterChange& change, api::Faults& faults);

/// The fields that are present, as an object whose members are columns of campaign.voters.
[[nodiscard]] db::Json columns_json(const VoterFields& fields, const Text& source = {}, const Text& identity = {});

/// As voters' states are kept: "NC" for "nc" and for "North Carolina".
[[nodiscard]] std::string kept_state(const std::string& text);

}  // namespace townhall::campaign
