#include "campaign/imports/told_columns.hpp"

#include <set>

namespace townhall::campaign {

namespace {

/// A field is named like its column, but for these.
std::vector<std::string> columns_of(std::string_view field) {
    if (field.empty() || field == "ignored" || field == "external_id") return {};
    if (field == "full_name") return {"first_name", "middle_name", "last_name", "suffix"};
    if (field == "date_of_birth") return {"date_of_birth", "birth_year"};
    if (field == "phone" || field == "phones") return {"phone", "other_phones"};
    if (field == "email" || field == "emails") return {"email", "other_emails"};
    if (field == "zip" || field == "zip4") return {"zip", "zip4"};
    if (field.starts_with("mailing")) return {"mailing"};
    return {std::string(field)};
}

}  // namespace

std::vector<std::string> told_columns(const importer::Plan& plan) {
    std::set<std::string> columns;
    for (const importer::Target& target : plan.targets)
        for (std::string& column : columns_of(importer::to_string(target.field))) columns.insert(std::move(column));
    return {columns.begin(), columns.end()};
}

}  // namespace townhall::campaign
