#include "importer/layout/field.hpp"

#include <array>

#include "importer/importer.hpp"

namespace townhall::importer {

namespace {
constexpr std::array<std::string_view, kFieldCount> kNames{"",
                                                           "ignored",
                                                           "external_id",
                                                           "first_name",
                                                           "middle_name",
                                                           "last_name",
                                                           "suffix",
                                                           "full_name",
                                                           "date_of_birth",
                                                           "birth_year",
                                                           "gender",
                                                           "party",
                                                           "status",
                                                           "registered_at",
                                                           "phone",
                                                           "phones",
                                                           "email",
                                                           "emails",
                                                           "country",
                                                           "address",
                                                           "address2",
                                                           "city",
                                                           "state",
                                                           "zip",
                                                           "zip4",
                                                           "county",
                                                           "precinct",
                                                           "mailing_country",
                                                           "mailing_address",
                                                           "mailing_address2",
                                                           "mailing_city",
                                                           "mailing_state",
                                                           "mailing_zip",
                                                           "mailing_zip4",
                                                           "districts"};
}  // namespace

std::string_view to_string(Field field) { return kNames[static_cast<std::size_t>(field)]; }

std::optional<Field> field_named(std::string_view name) {
    for (std::size_t i = 1; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Field>(i);
    return std::nullopt;
}

const std::vector<std::string_view>& field_names() {
    static const std::vector<std::string_view> names(kNames.begin() + 1, kNames.end());
    return names;
}

}  // namespace townhall::importer
