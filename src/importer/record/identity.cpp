#include "importer/record/identity.hpp"

#include "importer/arena.hpp"
#include "importer/normalise/name.hpp"
#include "importer/record/hash.hpp"

namespace townhall::importer {

namespace {

std::uint64_t number_of(const std::optional<Date>& date) {
    return date
               ? static_cast<std::uint64_t>(date->year) << 16 | static_cast<std::uint64_t>(date->month) << 8 | date->day
               : 0;
}

void write_hex(std::uint64_t value, char* out) {
    for (int i = 15; i >= 0; --i, value >>= 4) out[i] = "0123456789abcdef"[value & 15];
}

}  // namespace

std::string_view identity_of(const Person& person, Arena& arena) {
    Hasher who;
    for (const std::string_view name : {person.first_name, person.middle_name, person.last_name, person.suffix})
        who.add(fold_name(name, arena));
    const std::optional<std::int16_t> year = person.date_of_birth ? person.date_of_birth->year : person.birth_year;
    who.add(number_of(person.date_of_birth));
    who.add(year ? static_cast<std::uint64_t>(*year) : 0);
    for (const std::string_view part : {person.address, person.address2, person.city}) who.add(fold_name(part, arena));
    who.add(person.zip);
    const Hash128 hash = who.finish();
    constexpr std::size_t kSize = 34;
    char* text = arena.take(kSize);
    text[0] = 'h';
    text[1] = ':';
    write_hex(hash.high, text + 2);
    write_hex(hash.low, text + 18);
    return {text, kSize};
}

std::string identity_of(const Person& person) {
    Arena arena;
    return std::string(identity_of(person, arena));
}

}  // namespace townhall::importer
