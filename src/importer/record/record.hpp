#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/normalise/date.hpp"

namespace townhall::importer {

/// Where a stream stands: between two records. Kept by the caller with what it committed, it is where an interrupted
/// import continues. The offset counts bytes of the decompressed member; of the UTF-8 text made from it for UTF-16.
struct Position {
    std::uint32_t member = 0;  // of a zip: which of its members, from 0
    std::uint64_t byte_offset = 0;
    std::uint64_t line = 1;

    friend bool operator==(const Position&, const Position&) = default;
};

/// 128 bits of a hash that is the same on every machine and in every version.
struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend bool operator==(const Hash128&, const Hash128&) = default;
};

struct Mailing {
    std::string_view address;
    std::string_view address2;
    std::string_view city;
    std::string_view state;
    std::string_view zip;
    std::string_view country;
};

/// One checked row. All views live until the next call of Stream::next(). An empty view is null; all text is valid
/// UTF-8 without control characters.
struct VoterRecord {
    std::uint64_t line = 0;         // of its first line, from 1
    std::uint64_t byte_offset = 0;  // see Position
    std::string_view text;  // the row as the file has it, without its line end; raw bytes in the file's encoding

    std::string_view identity;        // the external id, else "h:" and 32 hex digits over name, birth date and address
    std::uint64_t identity_hash = 0;  // of `identity`; what IdentityScan yields
    Hash128 content_hash;             // over every normalised value below

    std::string_view source;  // the layout's constant ("us-nc"), empty for a generic file
    std::string_view external_id;
    std::string_view first_name;
    std::string_view middle_name;
    std::string_view last_name;
    std::string_view suffix;
    std::string_view first_folded;
    std::string_view last_folded;
    std::optional<Date> date_of_birth;
    std::optional<std::int16_t> birth_year;  // of the birth date where that is known
    std::string_view gender;
    std::string_view party;
    std::string_view status;
    std::optional<Date> registered_at;
    std::string_view phone;                // E.164
    std::string_view email;                // its domain in lower case
    std::vector<std::string_view> phones;  // further ones, without the first
    std::vector<std::string_view> emails;
    std::string_view address;
    std::string_view address2;
    std::string_view city;
    std::string_view state;
    std::string_view zip;
    std::string_view zip4;
    std::string_view county;
    std::string_view country;
    Mailing mailing;
    std::string_view precinct;
    std::string_view mailing_json;  // JSON objects, "{}" when there is nothing
    std::string_view districts;
    std::string_view extra;
    std::uint32_t warnings = 0;  // values that could not be read, kept in `extra` under their column's name
};

/// A row that was rejected.
struct Fault {
    std::uint64_t line = 0;
    std::uint64_t byte_offset = 0;
    std::string member;     // of a zip with several members: its name
    std::string column;     // its header or, without one, its number from 1; empty where the whole row is at fault
    std::string_view code;  // static: one of the names listed in docs/imports.md
    std::string reason;     // a sentence without the row's data
    std::string text;       // the row as it stands in the file, as valid UTF-8 without NUL, bounded
};

}  // namespace townhall::importer
