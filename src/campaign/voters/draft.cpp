#include "campaign/voters/draft.hpp"

#include "importer/normalise/email.hpp"
#include "importer/normalise/name.hpp"
#include "importer/normalise/phone.hpp"
#include "importer/normalise/postal.hpp"
#include "platform/api/member.hpp"

namespace townhall::campaign {

namespace {

using Value = api::Maybe<std::string>;

constexpr int kEarliestBirth = 1850;  // as of birth_year, and in an import

/// Applies `clean` to a text that is there; what becomes empty is null.
template <class Clean>
void apply(Value& value, Clean clean) {
    if (!value.has_value()) return;
    std::string cleaned = clean(*value);
    value = cleaned.empty() ? Value(std::nullopt) : Value(std::move(cleaned));
}

void check_phone(std::string& number, api::Faults& faults) {
    if (const auto phone = importer::parse_phone(number))
        number = phone->str();
    else
        faults.add("format", "Must be a telephone number.");
}

void check_email(std::string& address, api::Faults& faults) {
    if (auto email = importer::parse_email(address))
        address = *std::move(email);
    else
        faults.add("format", "Must be an e-mail address.");
}

template <class Check>
void check_text(Value& value, std::string_view name, api::Faults& faults, Check check) {
    if (!value.has_value()) return;
    if (value->empty()) return void(value = std::nullopt);
    const api::Faults::Step step(faults, name);
    std::string text = *value;
    check(text, faults);
    value = std::move(text);
}

template <class Check>
void check_list(api::Maybe<std::vector<std::string>>& values, std::string_view name, api::Faults& faults, Check check) {
    if (!values.has_value()) return;
    const api::Faults::Step step(faults, name);
    std::vector<std::string> list = *values;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const api::Faults::Step item(faults, i);
        check(list[i], faults);
    }
    values = std::move(list);
}

/// The lists hold the first one too, as answers do: it goes back into its own field.
void split_first(Value& first, api::Maybe<std::vector<std::string>>& list) {
    if (!list.has_value()) return;
    std::vector<std::string> others = *list;
    if (!first.present()) first = others.empty() ? Value(std::nullopt) : Value(others.front());
    if (first.has_value()) std::erase(others, *first);
    list = std::move(others);
}

void check_postal_code(VoterFields& fields, api::Faults& faults) {
    if (!fields.zip.has_value() || fields.zip->empty()) return;
    const auto code = importer::parse_postal_code(*fields.zip, fields.state.value().value_or(""),
                                                  fields.country.value().value_or(""));
    const api::Faults::Step step(faults, "zip");
    if (!code) return faults.add("format", "Must be a postal code.");
    fields.zip = code->zip;
    if (!code->zip4.empty()) fields.zip4 = code->zip4;
}

/// The year is the date's, as in an import; nobody was born tomorrow.
void check_birth(VoterFields& fields, api::Faults& faults) {
    if (fields.date_of_birth.is_null() && !fields.birth_year.present()) fields.birth_year = std::nullopt;
    if (!fields.date_of_birth.has_value()) return;
    const std::chrono::sys_days day = *fields.date_of_birth;
    const int year = static_cast<int>(std::chrono::year_month_day(day).year());
    const api::Faults::Step step(faults, "date_of_birth");
    if (day > std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) + std::chrono::days(1))
        faults.add("max", "Must not be in the future.");
    else if (year < kEarliestBirth)
        faults.add("min", "Must not be before 1850.");
    fields.birth_year = year;
}

void check_object(const api::Maybe<db::Json>& value, std::string_view name, api::Faults& faults) {
    if (!value.has_value() || value->text.starts_with('{')) return;
    const api::Faults::Step step(faults, name);
    faults.add("type", "Must be an object.");
}

}  // namespace

std::string kept_state(const std::string& text) {
    const std::string_view code = importer::us_state_code(text);
    return code.empty() ? importer::clean_text(text) : std::string(code);
}

void normalise(VoterFields& fields, api::Faults& faults) {
    const auto clean = [](const std::string& text) { return importer::clean_text(text); };
    for (Value* value : {&fields.first_name, &fields.middle_name, &fields.last_name, &fields.suffix, &fields.address,
                         &fields.address2, &fields.city, &fields.county, &fields.country, &fields.precinct})
        apply(*value, clean);
    for (Value* value : {&fields.gender, &fields.party, &fields.status})
        apply(*value, [](const std::string& text) { return importer::clean_code(text); });
    apply(fields.state, kept_state);
    check_text(fields.phone, "phone", faults, check_phone);
    check_text(fields.email, "email", faults, check_email);
    check_list(fields.phones, "phones", faults, check_phone);
    check_list(fields.emails, "emails", faults, check_email);
    split_first(fields.phone, fields.phones);
    split_first(fields.email, fields.emails);
    check_postal_code(fields, faults);
    check_object(fields.districts, "districts", faults);
    check_object(fields.extra, "extra", faults);
    check_birth(fields, faults);
}

void check(VoterDraft& draft, api::Faults& faults) {
    normalise(draft, faults);
    if (draft.first_name.has_value() || draft.last_name.has_value() || !draft.external_id.value_or("").empty()) return;
    if (!faults.empty()) return;  // the name may be there, and refused
    const api::Faults::Step step(faults, "last_name");
    faults.add("required", "A first name, a last name or an external id is required.");
}

void check(VoterChange& change, api::Faults& faults) { normalise(change, faults); }

db::Json columns_json(const VoterFields& f, const Text& source, const Text& identity) {
    std::string out = "{";
    if (source) api::add_member(out, "source", Value(*source));
    if (identity) api::add_member(out, "identity", Value(*identity));
    const std::pair<std::string_view, const Value*> texts[] = {{"first_name", &f.first_name},
                                                               {"middle_name", &f.middle_name},
                                                               {"last_name", &f.last_name},
                                                               {"suffix", &f.suffix},
                                                               {"gender", &f.gender},
                                                               {"party", &f.party},
                                                               {"status", &f.status},
                                                               {"phone", &f.phone},
                                                               {"email", &f.email},
                                                               {"address", &f.address},
                                                               {"address2", &f.address2},
                                                               {"city", &f.city},
                                                               {"state", &f.state},
                                                               {"zip", &f.zip},
                                                               {"zip4", &f.zip4},
                                                               {"county", &f.county},
                                                               {"country", &f.country},
                                                               {"precinct", &f.precinct}};
    for (const auto& [column, value] : texts) api::add_member(out, column, *value);
    api::add_member(out, "date_of_birth", f.date_of_birth);
    api::add_member(out, "birth_year", f.birth_year);
    api::add_member(out, "registered_at", f.registered_at);
    api::add_member(out, "other_phones", f.phones);
    api::add_member(out, "other_emails", f.emails);
    api::add_member(out, "mailing", f.mailing);
    api::add_member(out, "districts", f.districts);
    api::add_member(out, "extra", f.extra);
    out += '}';
    return {std::move(out)};
}

}  // namespace townhall::campaign
