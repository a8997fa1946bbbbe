#include "importer/record/identity.hpp"

#include <fmt/format.h>

#include "importer/normalise/name.hpp"
#include "importer/record/hash.hpp"

namespace townhall::importer {

std::string identity_of(const Person& person) {
    Hasher who;
    for (const std::string_view name : {person.first_name, person.middle_name, person.last_name, person.suffix})
        who.add(fold_name(name));
    const auto& birth = person.date_of_birth;
    who.add(birth ? static_cast<std::uint64_t>(birth->year) << 16 | static_cast<std::uint64_t>(birth->month) << 8 |
                        birth->day
                  : std::uint64_t{0});
    who.add(person.birth_year ? static_cast<std::uint64_t>(*person.birth_year) : 0);
    for (const std::string_view part : {person.address, person.address2, person.city}) who.add(fold_name(part));
    who.add(person.zip);
    const Hash128 hash = who.finish();
    return fmt::format("h:{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace townhall::importer
