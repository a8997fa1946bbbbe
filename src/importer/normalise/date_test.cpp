#include "importer/normalise/date.hpp"

#include <gtest/gtest.h>

namespace townhall::importer {
namespace {

constexpr Date kToday{2026, 3, 15};

std::string read(std::string_view text, bool day_first = false) {
    const auto date = parse_date(text, {.today = kToday, .day_first = day_first});
    return date ? to_iso(*date) : "";
}

TEST(Date, reads_the_forms_that_files_have) {
    EXPECT_EQ(read("1984-02-29"), "1984-02-29");
    EXPECT_EQ(read(" 1984/2/9 "), "1984-02-09");
    EXPECT_EQ(read("02/29/1984"), "1984-02-29");
    EXPECT_EQ(read("2/9/1984"), "1984-02-09");
    EXPECT_EQ(read("02-09-1984"), "1984-02-09");
    EXPECT_EQ(read("19840229"), "1984-02-29");
    EXPECT_EQ(read("02291984"), "1984-02-29");
    EXPECT_EQ(read("09-FEB-1984"), "1984-02-09");
    EXPECT_EQ(read("9-Feb-84"), "1984-02-09");
    EXPECT_EQ(read("February 9, 1984"), "1984-02-09");
    EXPECT_EQ(read("Feb. 9, 1984"), "1984-02-09");
    EXPECT_EQ(read("1984-02-09 00:00:00.000"), "1984-02-09");
    EXPECT_EQ(read("1984-02-09T23:59:59Z"), "1984-02-09");
    EXPECT_EQ(read("2/9/1984 12:00:00 AM"), "1984-02-09");
    EXPECT_EQ(read("03/04/2020", true), "2020-04-03");
}

TEST(Date, refuses_days_that_do_not_exist) {
    for (const auto* text : {"1983-02-29",
                             "1900-02-29",
                             "2020-13-01",
                             "2020-00-10",
                             "2020-04-31",
                             "13/13/2020",
                             "0/1/2020",
                             "1700-01-01",
                             "2300-01-01",
                             "123",
                             "1984",
                             "",
                             "-",
                             "1/2/3/4",
                             "//",
                             "1/2/",
                             "2020-01-02x",
                             "2020-1-2-",
                             "02/1984",
                             "1/2/198",
                             "999999999999-1-1",
                             "2020-01-02 10:00 evil",
                             ":",
                             "T10:00"})
        EXPECT_EQ(read(text), "") << text;
    EXPECT_EQ(read("2000-02-29"), "2000-02-29");
}

TEST(Date, two_digit_years_are_never_in_the_future) {
    EXPECT_EQ(read("1/2/26"), "2026-01-02");
    EXPECT_EQ(read("1/2/27"), "1927-01-02");
    EXPECT_EQ(to_iso(*parse_birth_date("1/2/10", kToday)), "2010-01-02");
    EXPECT_EQ(to_iso(*parse_birth_date("1/2/11", kToday)), "1911-01-02");
}

TEST(Date, birth_dates_lie_in_the_past) {
    EXPECT_TRUE(parse_birth_date("2026-03-15", kToday));
    EXPECT_FALSE(parse_birth_date("2026-03-16", kToday));
    EXPECT_FALSE(parse_birth_date("1849-12-31", kToday));
    EXPECT_EQ(parse_birth_year("1850", kToday), 1850);
    EXPECT_EQ(parse_birth_year(" 2026", kToday), 2026);
    EXPECT_FALSE(parse_birth_year("2027", kToday));
    EXPECT_FALSE(parse_birth_year("84", kToday));
    EXPECT_FALSE(parse_birth_year("19.4", kToday));
}

TEST(Date, masks_stand_for_nothing) {
    for (const auto* text : {"##/##/####", "00/00/0000", "0000-00-00", "XX/XX/XXXX", "*", " 00000000 "})
        EXPECT_TRUE(is_masked_date(text)) << text;
    for (const auto* text : {"", "01/01/1900", "0", "/", "abc"}) EXPECT_FALSE(is_masked_date(text)) << text;
}

TEST(Date, counts_days) {
    EXPECT_EQ(days_since_epoch({1970, 1, 1}), 0);
    EXPECT_EQ(days_since_epoch({2000, 1, 1}), 10957);
    EXPECT_EQ(days_since_epoch({1969, 12, 31}), -1);
}

}  // namespace
}  // namespace townhall::importer
