#include "platform/db/types.hpp"

#include <fmt/format.h>

namespace townhall::db {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

/// Takes exactly `digits` digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Date> take_date(std::string_view& text) {
    const auto y = take_number(text, 4);
    if (!y || !take(text, "-")) return std::nullopt;
    const auto m = take_number(text, 2);
    if (!m || !take(text, "-")) return std::nullopt;
    const auto d = take_number(text, 2);
    if (!d) return std::nullopt;
    const year_month_day ymd{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
    if (!ymd.ok()) return std::nullopt;
    return Date{ymd};
}

/// A fraction's digits as microseconds.
std::optional<std::chrono::microseconds> take_fraction(std::string_view& text) {
    std::int64_t micros = 0;
    std::int64_t unit = 100'000;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        micros += unit * (text[digits] - '0');
        unit /= 10;
        ++digits;
    }
    if (digits == 0 || digits > 18) return std::nullopt;
    text.remove_prefix(digits);
    return std::chrono::microseconds{micros};
}

std::optional<std::chrono::microseconds> take_time_of_day(std::string_view& text) {
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || *minutes > 59 || !take(text, ":")) return std::nullopt;
    const auto seconds = take_number(text, 2);
    if (!seconds || *seconds > 60) return std::nullopt;  // 60: RFC 3339's leap second, taken as the next one
    std::chrono::microseconds fraction{0};
    if (take(text, ".")) {
        const auto read = take_fraction(text);
        if (!read) return std::nullopt;
        fraction = *read;
    }
    return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} + std::chrono::seconds{*seconds} + fraction;
}

std::optional<std::chrono::seconds> take_offset(std::string_view& text) {
    if (take(text, "Zz")) return std::chrono::seconds{0};
    if (text.empty()) return std::nullopt;
    const bool west = text.front() == '-';
    if (!take(text, "+-")) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23) return std::nullopt;
    std::chrono::seconds offset = std::chrono::hours{*hours};
    if (take(text, ":")) {
        const auto minutes = take_number(text, 2);
        if (!minutes || *minutes > 59) return std::nullopt;
        offset += std::chrono::minutes{*minutes};
    }
    return west ? -offset : offset;
}

void append_two_digits(std::string& out, unsigned number) {
    out += static_cast<char>('0' + number / 10);
    out += static_cast<char>('0' + number % 10);
}

}  // namespace

Timestamp now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

void append(std::string& out, Date date) {
    const year_month_day ymd{date};
    const int y = static_cast<int>(ymd.year());
    if (y < 0 || y > 9'999) {
        out += fmt::format("{:04}", y);
    } else {
        append_two_digits(out, static_cast<unsigned>(y / 100));
        append_two_digits(out, static_cast<unsigned>(y % 100));
    }
    out += '-';
    append_two_digits(out, static_cast<unsigned>(ymd.month()));
    out += '-';
    append_two_digits(out, static_cast<unsigned>(ymd.day()));
}

void append(std::string& out, Timestamp time) {
    const Date date = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::hh_mm_ss clock{time - date};
    append(out, date);
    out += 'T';
    append_two_digits(out, static_cast<unsigned>(clock.hours().count()));
    out += ':';
    append_two_digits(out, static_cast<unsigned>(clock.minutes().count()));
    out += ':';
    append_two_digits(out, static_cast<unsigned>(clock.seconds().count()));
    if (const auto micros = static_cast<unsigned>(clock.subseconds().count()); micros != 0) {
        out += '.';
        for (const unsigned unit : {10'000U, 100U, 1U}) append_two_digits(out, micros / unit % 100);
        out.resize(out.find_last_not_of('0') + 1);
    }
    out += 'Z';
}

std::string format(Date date) {
    std::string text;
    append(text, date);
    return text;
}

std::string format(Timestamp time) {
    std::string text;
    append(text, time);
    return text;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    const auto date = take_date(text);
    if (!date || !take(text, "Tt ")) return std::nullopt;
    const auto time = take_time_of_day(text);
    if (!time) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    return Timestamp{*date} + *time - *offset;
}

std::optional<Date> parse_date(std::string_view text) {
    const auto date = take_date(text);
    if (!date || !text.empty()) return std::nullopt;
    return date;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid{std::string(text)};
    for (std::size_t i = 0; i < uuid.text.size(); ++i) {
        char& c = uuid.text[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') return std::nullopt;
            continue;
        }
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    }
    return uuid;
}

}  // namespace townhall::db
