#include "importer/normalise/date.hpp"

#include <array>
#include <chrono>

#include "importer/normalise/ascii.hpp"

namespace townhall::importer {

namespace {

constexpr int kFirstYear = 1800;
constexpr int kLastYear = 2200;
constexpr int kFirstBirthYear = 1850;
constexpr int kVotingAge = 16;  // the youngest who may register ahead

bool all_digits(std::string_view text) {
    for (const char c : text)
        if (!is_digit(c)) return false;
    return !text.empty();
}

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return value;
}

std::optional<Date> make_date(int year, int month, int day) {
    constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < kFirstYear || year > kLastYear || month < 1 || month > 12 || day < 1) return std::nullopt;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int last = kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
    if (day > last) return std::nullopt;
    return Date{static_cast<std::int16_t>(year), static_cast<std::uint8_t>(month), static_cast<std::uint8_t>(day)};
}

int full_year(std::string_view digits, const DateRules& rules) {
    if (digits.size() == 4) return number(digits);
    if (digits.size() != 2) return 0;
    const int latest = rules.today.year - rules.youngest;
    const int year = latest / 100 * 100 + number(digits);
    return year > latest ? year - 100 : year;
}

/// 1 to 12 for an English month's name or its first three letters; 0 for anything else.
int month_of(std::string_view word) {
    constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};
    if (word.size() < 3) return 0;
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        const std::string_view name = kMonths[i];
        if (word.size() <= name.size() && (word.size() == 3 || word.size() == name.size() || word == "Sept") &&
            equals_ignoring_case(word, name.substr(0, word.size())))
            return static_cast<int>(i) + 1;
    }
    return 0;
}

/// "2020-01-02 10:00:00", "2020-01-02T10:00Z", "1/2/2020 12:00:00 AM": the part before the time of day.
std::string_view without_time(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return text;
    const std::size_t cut = text.find_last_of(" T", colon);
    if (cut == std::string_view::npos) return {};
    for (const char c : text.substr(cut + 1))
        if (!is_digit(c) && std::string_view(":.+- APMapmZz").find(c) == std::string_view::npos) return {};
    return trim(text.substr(0, cut));
}

std::optional<Date> parse_digits(std::string_view text) {
    if (text.size() != 8) return std::nullopt;
    if (auto date = make_date(number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6))))
        return date;
    return make_date(number(text.substr(4)), number(text.substr(0, 2)), number(text.substr(2, 2)));
}

std::optional<Date> parse_parts(const std::array<std::string_view, 3>& part, const DateRules& rules) {
    if (!all_digits(part[2])) return std::nullopt;
    if (const int month = month_of(part[1]); month != 0 && all_digits(part[0])) {
        if (part[0].size() == 4)
            return part[2].size() > 2 ? std::nullopt : make_date(number(part[0]), month, number(part[2]));
        return part[0].size() > 2 ? std::nullopt : make_date(full_year(part[2], rules), month, number(part[0]));
    }
    if (!all_digits(part[1]) || part[1].size() > 2) return std::nullopt;
    if (const int month = month_of(part[0]); month != 0)
        return make_date(full_year(part[2], rules), month, number(part[1]));
    if (!all_digits(part[0])) return std::nullopt;
    if (part[0].size() == 4)
        return part[2].size() > 2 ? std::nullopt : make_date(number(part[0]), number(part[1]), number(part[2]));
    if (part[0].size() > 2) return std::nullopt;
    const int year = full_year(part[2], rules);
    return rules.day_first ? make_date(year, number(part[1]), number(part[0]))
                           : make_date(year, number(part[0]), number(part[1]));
}

}  // namespace

std::int32_t days_since_epoch(Date date) {
    const std::chrono::year_month_day ymd{std::chrono::year{date.year}, std::chrono::month{date.month},
                                          std::chrono::day{date.day}};
    return static_cast<std::int32_t>(std::chrono::sys_days{ymd}.time_since_epoch().count());
}

void write_iso(Date date, char* out) {
    const auto put = [&](std::size_t at, int value) {
        out[at] = static_cast<char>('0' + value / 10 % 10);
        out[at + 1] = static_cast<char>('0' + value % 10);
    };
    put(0, date.year / 100);
    put(2, date.year % 100);
    out[4] = out[7] = '-';
    put(5, date.month);
    put(8, date.day);
}

std::string to_iso(Date date) {
    std::string out(10, '\0');
    write_iso(date, out.data());
    return out;
}

Date today_utc() {
    const std::chrono::year_month_day now{std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
    return {static_cast<std::int16_t>(static_cast<int>(now.year())), static_cast<std::uint8_t>(unsigned{now.month()}),
            static_cast<std::uint8_t>(unsigned{now.day()})};
}

std::optional<Date> parse_date(std::string_view raw, const DateRules& rules) {
    std::string_view text = trim(raw);
    if (text.size() == 10 && text[4] == '-' && text[7] == '-' && all_digits(text.substr(0, 4)) &&
        all_digits(text.substr(5, 2)) && all_digits(text.substr(8)))
        return make_date(number(text.substr(0, 4)), number(text.substr(5, 2)), number(text.substr(8)));
    if (text.size() > 40) return std::nullopt;
    text = without_time(text);
    if (all_digits(text)) return parse_digits(text);
    std::array<std::string_view, 3> part;
    std::size_t parts = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t stop = std::min(text.find_first_of("/-. ,", at), text.size());
        if (parts == 3 || stop == at) return std::nullopt;
        part[parts++] = text.substr(at, stop - at);
        at = stop + 1;
        if (stop < text.size() && (text[stop] == ',' || text[stop] == '.') && at < text.size() && text[at] == ' ') ++at;
        if (at == text.size()) return std::nullopt;
    }
    return parts == 3 ? parse_parts(part, rules) : std::nullopt;
}

bool is_masked_date(std::string_view raw) {
    const std::string_view text = trim(raw);
    bool mask = false;
    bool zeros_only = true;
    for (const char c : text) {
        const bool sign = c == '#' || c == '*' || c == 'X' || c == 'x';
        if (!sign && c != '0' && c != '/' && c != '-' && c != '.' && c != ' ' && c != ':') return false;
        mask |= sign || c == '0';
        zeros_only &= !sign;
    }
    return mask && (!zeros_only || text.size() >= 6);
}

std::optional<Date> parse_birth_date(std::string_view text, Date today, bool day_first) {
    const auto date = parse_date(text, {.today = today, .youngest = kVotingAge, .day_first = day_first});
    if (!date || *date > today || date->year < kFirstBirthYear) return std::nullopt;
    return date;
}

std::optional<std::int16_t> parse_birth_year(std::string_view raw, Date today) {
    const std::string_view text = trim(raw);
    if (text.size() != 4 || !all_digits(text)) return std::nullopt;
    const int year = number(text);
    if (year < kFirstBirthYear || year > today.year) return std::nullopt;
    return static_cast<std::int16_t>(year);
}

}  // namespace townhall::importer
