#include "importer/normalise/name.hpp"
#include "importer/record/hash.hpp"
#include "importer/record/identity.hpp"
#include "importer/record/json.hpp"
#include "importer/record/normaliser.hpp"

// What is made of a row once its values stand: identity, hashes and JSON.

namespace townhall::importer {

namespace {

std::uint64_t number_of(const std::optional<Date>& date) {
    return date
               ? static_cast<std::uint64_t>(date->year) << 16 | static_cast<std::uint64_t>(date->month) << 8 | date->day
               : 0;
}

Hash128 hash_content(const VoterRecord& r) {
    Hasher hasher;
    for (const std::string_view value :
         {r.source, r.external_id, r.first_name, r.middle_name, r.last_name,    r.suffix,    r.gender, r.party,
          r.status, r.phone,       r.email,      r.address,     r.address2,     r.city,      r.state,  r.zip,
          r.zip4,   r.county,      r.country,    r.precinct,    r.mailing_json, r.districts, r.extra})
        hasher.add(value);
    hasher.add(number_of(r.date_of_birth));
    hasher.add(r.birth_year ? static_cast<std::uint64_t>(*r.birth_year) : 0);
    hasher.add(number_of(r.registered_at));
    hasher.add(r.phones.size());
    for (const auto phone : r.phones) hasher.add(phone);
    for (const auto email : r.emails) hasher.add(email);
    return hasher.finish();
}

}  // namespace

void Normaliser::identify(VoterRecord& out) {
    out.first_folded = fold_name(out.first_name, arena_);
    out.last_folded = fold_name(out.last_name, arena_);
    if (!out.external_id.empty()) {
        out.identity = out.external_id;
    } else {
        const Person person{.first_name = out.first_name,
                            .middle_name = out.middle_name,
                            .last_name = out.last_name,
                            .suffix = out.suffix,
                            .date_of_birth = out.date_of_birth,
                            .birth_year = out.birth_year,
                            .address = out.address,
                            .address2 = out.address2,
                            .city = out.city,
                            .zip = out.zip};
        out.identity = identity_of(person, arena_);
    }
    Hasher hasher;
    hasher.add(out.identity);
    out.identity_hash = hasher.finish().low;
}

void Normaliser::write_mailing(VoterRecord& out) {
    Mailing& mailing = out.mailing;
    if (!mailing_zip4_.empty() && mailing.zip.size() == 5) {
        char* zip = arena_.take(10);
        mailing.zip.copy(zip, 5);
        zip[5] = '-';
        mailing_zip4_.copy(zip + 6, 4);
        mailing.zip = {zip, 10};
    }
    mailing_.clear();
    const auto add = [&](std::string_view key, std::string_view value) {
        if (value.empty()) return;
        mailing_ += mailing_.empty() ? '{' : ',';
        append_json_string(mailing_, key);
        mailing_ += ':';
        append_json_string(mailing_, value);
    };
    add("address", mailing.address);
    add("address2", mailing.address2);
    add("city", mailing.city);
    add("state", mailing.state);
    add("zip", mailing.zip);
    add("country", mailing.country);
}

void Normaliser::finish(VoterRecord& out) {
    write_mailing(out);
    const auto closed = [](std::string& json) -> std::string_view {
        json += json.empty() ? "{}" : "}";
        return json;
    };
    out.mailing_json = closed(mailing_);
    out.districts = closed(districts_);
    out.extra = closed(extra_);
    out.warnings = warnings_;
    out.content_hash = hash_content(out);
}

}  // namespace townhall::importer
