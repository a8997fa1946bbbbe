#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/api/schema.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/principal.hpp"

namespace townhall::campaign {

using Text = std::optional<std::string>;

/// A voter, as clients see one. `support` and `tags` are the acting campaign's.
struct Voter {
    std::int64_t id = 0;
    std::string source;
    Text external_id;
    Text first_name, middle_name, last_name, suffix;
    std::optional<db::Date> date_of_birth;
    std::optional<std::int16_t> birth_year;
    Text gender, party, status;
    std::optional<db::Date> registered_at;
    Text phone, email;
    std::vector<std::string> phones, emails;  // the first one included
    Text address, address2, city, state, zip, zip4, county, country;
    std::optional<db::Json> mailing;
    Text precinct;
    db::Json districts{"{}"};
    api::Maybe<db::Json> extra;  // absent when masked
    std::vector<std::string> tags;
    std::optional<std::int16_t> support;
    db::Timestamp created_at;
    db::Timestamp updated_at;
    std::optional<db::Timestamp> deleted_at;  // a tombstone: hidden, or no longer in the campaign
};

constexpr auto schema_of(std::type_identity<Voter>) {
    using V = Voter;
    return api::object(
        "Voter", api::field("id", &V::id), api::field("source", &V::source), api::field("external_id", &V::external_id),
        api::field("first_name", &V::first_name), api::field("middle_name", &V::middle_name),
        api::field("last_name", &V::last_name), api::field("suffix", &V::suffix),
        api::field("date_of_birth", &V::date_of_birth), api::field("birth_year", &V::birth_year),
        api::field("gender", &V::gender), api::field("party", &V::party), api::field("status", &V::status),
        api::field("registered_at", &V::registered_at), api::field("phone", &V::phone), api::field("email", &V::email),
        api::field("phones", &V::phones), api::field("emails", &V::emails), api::field("address", &V::address),
        api::field("address2", &V::address2), api::field("city", &V::city), api::field("state", &V::state),
        api::field("zip", &V::zip), api::field("zip4", &V::zip4), api::field("county", &V::county),
        api::field("country", &V::country), api::field("mailing", &V::mailing), api::field("precinct", &V::precinct),
        api::field("districts", &V::districts), api::field("extra", &V::extra), api::field("tags", &V::tags),
        api::field("support", &V::support), api::field("created_at", &V::created_at),
        api::field("updated_at", &V::updated_at), api::field("deleted_at", &V::deleted_at));
}

/// A voter as the statements give one, before anybody sees it.
struct VoterRow : Voter {
    std::optional<std::vector<std::string>> other_phones, other_emails, own_tags;
    std::optional<db::Json> known_districts, known_extra;
};
constexpr auto columns_of(std::type_identity<VoterRow>) {
    using R = VoterRow;
    return std::tuple{&R::id,
                      &R::source,
                      &R::external_id,
                      &R::first_name,
                      &R::middle_name,
                      &R::last_name,
                      &R::suffix,
                      &R::date_of_birth,
                      &R::birth_year,
                      &R::gender,
                      &R::party,
                      &R::status,
                      &R::registered_at,
                      &R::phone,
                      &R::email,
                      &R::other_phones,
                      &R::other_emails,
                      &R::address,
                      &R::address2,
                      &R::city,
                      &R::state,
                      &R::zip,
                      &R::zip4,
                      &R::county,
                      &R::country,
                      &R::mailing,
                      &R::precinct,
                      &R::known_districts,
                      &R::known_extra,
                      &R::created_at,
                      &R::own_tags,
                      &R::support,
                      &R::updated_at,
                      &R::deleted_at};
}

/// Whether a role sees birth dates, e-mail addresses and what files said beyond our fields.
[[nodiscard]] inline bool sees_everything(const Principal& who) { return who.at_least(Role::organizer); }

/// The voter that a caller may see. Of one that is hidden, or no longer in the campaign, only whose tombstone it is.
[[nodiscard]] Voter shown_to(const Principal& who, VoterRow&& row);

/// The entity tag of what `shown_to` gives: it varies with campaign and masking, as the answer does.
[[nodiscard]] std::string etag_of(const Principal& who, const Voter& voter);

/// The statements' scope: behind the fence where the caller acts in a campaign, else the owner's.
[[nodiscard]] inline db::Scope scope_of(const Principal& who) {
    return who.campaign ? db::Scope::of(*who.campaign) : db::Scope::owner();
}

// Columns in the order of columns_of(VoterRow), of the view behind the fence and of the shared base.
#define TOWNHALL_VOTER_COLUMNS                                                                                         \
    "v.id, v.source, case when v.identity like 'h:%' and length(v.identity) = 34 then null else v.identity end,"       \
    " v.first_name, v.middle_name, v.last_name, v.suffix, v.date_of_birth, v.birth_year, v.gender, v.party, v.status," \
    " v.registered_at, v.phone, v.email, v.other_phones, v.other_emails, v.address, v.address2, v.city, v.state,"      \
    " v.zip, v.zip4, v.county, v.country, v.mailing, v.precinct, v.districts, v.extra, v.created_at,"
#define TOWNHALL_MEMBER_COLUMNS \
    TOWNHALL_VOTER_COLUMNS      \
    " v.tags, v.support, greatest(v.updated_at, v.changed_at), coalesce(v.deleted_at, v.removed_at)"
#define TOWNHALL_BASE_COLUMNS TOWNHALL_VOTER_COLUMNS " null::text[], null::smallint, v.updated_at, v.deleted_at"

}  // namespace townhall::campaign
