#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "importer/normalise/date.hpp"
#include "importer/record/record.hpp"

namespace townhall::importer {

class Arena;

/// What tells people apart where no source gave them an id. Display forms: the names and addresses are folded here.
struct Person {
    std::string_view first_name, middle_name, last_name, suffix;
    std::optional<Date> date_of_birth;
    std::optional<std::int16_t> birth_year;  // looked at only without a birth date
    std::string_view address, address2, city, zip;
};

/// "h:" and 32 hex digits: the identity that a row without an external id has, for a person made by hand.
[[nodiscard]] std::string identity_of(const Person& person);

/// The same, written into the arena.
[[nodiscard]] std::string_view identity_of(const Person& person, Arena& arena);

}  // namespace townhall::importer
