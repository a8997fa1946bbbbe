#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/layout/field.hpp"
#include "importer/normalise/date.hpp"
#include "importer/reader/dialect.hpp"

namespace townhall::importer {

/// Bounds that hold whatever a file contains.
struct Limits {
    std::size_t max_field = 64 * 1024;
    std::size_t max_record = 1024 * 1024;
    std::size_t max_columns = 2'000;
    std::size_t max_quoted_lines = 64;  // a quoted field that goes on for longer began with a stray quote
    std::uint64_t max_expanded_bytes = 64ULL << 30;
    std::uint64_t max_expansion = 250;  // expanded bytes per packed byte
    std::size_t max_members = 10'000;
    std::size_t max_fault_text = 64 * 1024;
};

enum class ShortRows { automatic, reject, pad };  // automatic: padded where the sample has many of them

struct Options {
    Limits limits;
    std::vector<std::pair<std::string, std::string>> mapping;  // our field → a column's header, or its number from 1
    std::size_t sample_bytes = 256 * 1024;
    std::size_t preview_rows = 20;
    std::string region = "US";  // of telephone numbers without a country code
    bool day_first = false;
    ShortRows short_rows = ShortRows::automatic;
    std::optional<Date> today;  // default: the current day, UTC
};

enum class Packing { plain, gzip, zip };

/// Where the values of one column go.
struct Target {
    Field field = Field::extra;
    std::uint8_t part = 0;     // the place of this column among those that make up the field
    std::string district_key;  // `"name":`, ready for a JSON object
    std::string extra_key;     // the same of the column
};

struct Column {
    std::string name;   // the header, or the layout's name, or "column 3"; unique
    std::string field;  // our field's name, empty where the column goes to `extra`
};

struct Member {
    std::uint32_t index = 0;  // among the entries of the archive
    std::string name;
    bool used = true;
    std::string reason;  // why it is not
};

/// How a file is read: the immutable result of inspect().
struct Plan {
    Packing packing = Packing::plain;
    Encoding encoding = Encoding::utf8;
    Dialect dialect;
    std::string layout;  // "us-nc", "us-oh", "us-fl", "us-wa", "us-tx", or "generic"
    std::string source;  // the layout, empty where it is generic
    std::vector<Member> members;
    std::vector<Column> columns;
    std::vector<Target> targets;                         // one per column
    std::size_t fault_columns = 0;                       // of them, at the beginning: ours, of a list of refused rows
    std::vector<std::vector<std::string>> preview_rows;  // the first rows' values, as UTF-8
    std::string header_text;  // the header's line as it stands; a row equal to it is passed over
    bool pad_short_rows = false;
    bool star_is_null = false;
    Options options;  // with `today` set

    /// How many of a row's values, at its beginning, are ours: none where it has fewer than we wrote.
    [[nodiscard]] std::size_t fault_values(std::size_t values) const {
        return values < fault_columns ? 0 : fault_columns;
    }

    /// Whether some column can tell whom a row is about. Without one, a Stream refuses to start: a mapping is needed.
    [[nodiscard]] bool can_identify() const;
};

[[nodiscard]] std::string_view to_string(Packing packing);

}  // namespace townhall::importer
