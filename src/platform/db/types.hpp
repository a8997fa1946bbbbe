#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Values that PostgreSQL has and C++ lacks, with their text forms.
namespace townhall::db {

/// UTC, to the microsecond, as `timestamptz` keeps it.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::sys_days;

/// A JSON text, sent as `jsonb`. The server checks it.
struct Json {
    std::string text;
    bool operator==(const Json&) const = default;
};

/// Octets, as `bytea` keeps them.
struct Bytes {
    std::string data;
    bool operator==(const Bytes&) const = default;
};

/// 36 characters, lower case.
struct Uuid {
    std::string text;
    bool operator==(const Uuid&) const = default;
};

/// Now, to the microsecond.
[[nodiscard]] Timestamp now();

/// RFC 3339 in UTC: "2024-02-29T12:34:56Z", with a fraction only where there is one.
[[nodiscard]] std::string format(Timestamp time);
/// "2024-02-29".
[[nodiscard]] std::string format(Date date);
/// The same, added to `out`: lists write hundreds of them.
void append(std::string& out, Timestamp time);
void append(std::string& out, Date date);

/// RFC 3339 with any offset; a space in place of `T` and PostgreSQL's short offsets ("+00") are taken too. Digits
/// beyond the microsecond are cut. Nothing where the text is anything else or no such day exists.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);
/// Exactly "YYYY-MM-DD", a day that exists.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
/// 8-4-4-4-12 hexadecimal digits in either case; nothing else that PostgreSQL would take.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace townhall::db
