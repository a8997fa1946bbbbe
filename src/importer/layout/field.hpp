#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace townhall::importer {

/// Our fields, in the order in which a row's values are normalised: what another one's reading depends on comes first.
enum class Field : std::uint8_t {
    extra,
    ignored,
    external_id,
    first_name,
    middle_name,
    last_name,
    suffix,
    full_name,
    date_of_birth,
    birth_year,
    gender,
    party,
    status,
    registered_at,
    phone,       // its columns make one number: area code, number
    more_phone,  // each column is a number
    email,
    more_email,
    country,
    address,
    address2,
    city,
    state,
    zip,
    zip4,
    county,
    precinct,
    mailing_country,
    mailing_address,
    mailing_address2,
    mailing_city,
    mailing_state,
    mailing_zip,
    mailing_zip4,
    district,  // one value a key
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::district) + 1;

/// The name in mappings; empty for `extra`.
[[nodiscard]] std::string_view to_string(Field field);
[[nodiscard]] std::optional<Field> field_named(std::string_view name);

/// Whether several columns together make one value, joined by a blank.
[[nodiscard]] constexpr bool is_joined(Field field) {
    return field == Field::phone || field == Field::address || field == Field::address2 ||
           field == Field::mailing_address || field == Field::mailing_address2;
}
/// Whether every column gives a value of its own.
[[nodiscard]] constexpr bool is_repeated(Field field) {
    return field == Field::extra || field == Field::ignored || field == Field::more_phone ||
           field == Field::more_email || field == Field::district;
}

}  // namespace townhall::importer
