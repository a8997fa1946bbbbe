#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace townhall::importer {

/// A day of the Gregorian calendar. One made by parse_date() exists in it.
struct Date {
    std::int16_t year = 0;
    std::uint8_t month = 0;
    std::uint8_t day = 0;

    friend auto operator<=>(const Date&, const Date&) = default;
};

/// Days since 1970-01-01; PostgreSQL's binary date is this minus 10957.
[[nodiscard]] std::int32_t days_since_epoch(Date date);
/// "YYYY-MM-DD".
[[nodiscard]] std::string to_iso(Date date);
/// Writes the ten characters of "YYYY-MM-DD" at `out`.
void write_iso(Date date, char* out);
/// The current day in UTC.
[[nodiscard]] Date today_utc();

struct DateRules {
    Date today;              // decides the century of two-digit years
    int youngest = 0;        // a two-digit year is read as the latest one at least so many years ago
    bool day_first = false;  // 03/04/2020 is the 3rd of April
};

/// The day in `text`, blanks around it ignored, a time of day after it ignored; nothing where there is none.
/// Reads YYYY-MM-DD, YYYY/MM/DD, YYYYMMDD, MM/DD/YYYY, M/D/YY (also with - or .), MMDDYYYY, DD-MON-YYYY,
/// "Mon D, YYYY". Years 1800 to 2200.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text, const DateRules& rules);

/// Whether the text is a mask such as ##/##/#### or 00/00/0000 that stands for "not told".
[[nodiscard]] bool is_masked_date(std::string_view text);

/// A birth date: not in the future, not before 1850; two-digit years as those of people of 16 or more.
[[nodiscard]] std::optional<Date> parse_birth_date(std::string_view text, Date today, bool day_first = false);

/// A birth year: four digits, 1850 to this year.
[[nodiscard]] std::optional<std::int16_t> parse_birth_year(std::string_view text, Date today);

}  // namespace townhall::importer
