#include "campaign/imports/told.hpp"

#include <fmt/format.h>
#include <set>

namespace townhall::campaign {

namespace {

constexpr std::string_view kMailing = "mailing_";
constexpr std::string_view kDistricts = "districts.";

/// A field is named like its column, but for these.
std::vector<std::string> columns_of(std::string_view field) {
    if (field.empty() || field == "ignored" || field == "external_id") return {};
    if (field.starts_with(kDistricts) || field.starts_with(kMailing)) return {};
    if (field == "full_name") return {"first_name", "middle_name", "last_name", "suffix"};
    if (field == "date_of_birth") return {"date_of_birth", "birth_year"};
    if (field == "phones") return {"phone", "other_phones"};
    if (field == "emails") return {"email", "other_emails"};
    return {std::string(field)};
}

/// The first value is the file's; it is not doubled among the others, which stay where the file has no more of them.
std::string first_of_several(const Told& told, std::string_view first, std::string_view others) {
    if (!told.tells(first) || told.tells(others)) return "";
    return fmt::format(", {1} = nullif(array_remove(v.{1}, s.{0}), '{{}}')", first, others);
}

}  // namespace

Told told_by(const importer::Plan& plan) {
    Told told;
    std::set<std::string> columns;
    for (const auto& [name, field] : plan.columns) {
        told.extra.push_back(name);  // also of a field's column: what can't be read as such a field goes there
        if (field.starts_with(kDistricts)) told.districts.push_back(field.substr(kDistricts.size()));
        if (field.starts_with(kMailing)) told.mailing.push_back(field.substr(kMailing.size()));
        if (field == "mailing_zip") told.mailing.emplace_back("zip4");
        for (std::string& column : columns_of(field)) columns.insert(std::move(column));
    }
    told.columns.assign(columns.begin(), columns.end());
    return told;
}

std::string assignments(const Told& told) {
    std::string out = "content_hash = s.content_hash";
    for (const std::string_view several : {"extra", "districts", "mailing"}) {
        const int keys = several == "extra" ? 1 : several == "districts" ? 2 : 3;
        out +=
            fmt::format(", {0} = nullif((coalesce(v.{0}, '{{}}') - ${1}::text[]) || coalesce(s.{0}, '{{}}'), '{{}}')",
                        several, keys);
    }
    for (const std::string& column : told.columns)
        if (column != "zip4") out += fmt::format(", {0} = s.{0}", column);
    // A ZIP may bring the four further digits, and another ZIP has others.
    if (told.tells("zip4"))
        out += ", zip4 = s.zip4";
    else if (told.tells("zip"))
        out += ", zip4 = case when v.zip is distinct from s.zip then s.zip4 else coalesce(s.zip4, v.zip4) end";
    return out + first_of_several(told, "phone", "other_phones") + first_of_several(told, "email", "other_emails");
}

}  // namespace townhall::campaign
