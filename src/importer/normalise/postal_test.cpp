#include "importer/normalise/postal.hpp"

#include <gtest/gtest.h>

namespace townhall::importer {
namespace {

std::string read(std::string_view text, std::string_view state = {}, std::string_view country = {}) {
    const auto code = parse_postal_code(text, state, country);
    return !code ? "" : code->zip4.empty() ? code->zip : code->zip + "+" + code->zip4;
}

TEST(Postal, splits_zip_plus_4) {
    EXPECT_EQ(read("27601"), "27601");
    EXPECT_EQ(read(" 27601-1234 "), "27601+1234");
    EXPECT_EQ(read("27601 1234"), "27601+1234");
    EXPECT_EQ(read("276011234"), "27601+1234");
    EXPECT_EQ(read("27601-"), "27601");
    EXPECT_EQ(read("27601 - 1234"), "27601+1234");
    EXPECT_EQ(read("27601.0"), "27601");
    EXPECT_EQ(read("276010000"), "27601");
}

TEST(Postal, gives_back_the_zero_a_spreadsheet_took) {
    EXPECT_EQ(read("2134", "MA"), "02134");
    EXPECT_EQ(read("2134-0001", "MA"), "02134+0001");
    EXPECT_EQ(read("21340001", "MA"), "02134+0001");
    EXPECT_EQ(read("601", "PR"), "00601");
    EXPECT_EQ(read("2134"), "02134");
    EXPECT_EQ(read("2134", "NC"), "");
}

TEST(Postal, refuses_what_is_none) {
    for (const auto* text :
         {"", "12", "123456", "27601-12", "27601-12345", "2760112345", "00000", "-27601", "27 601", "#", "abc"})
        EXPECT_EQ(read(text), "") << text;
}

TEST(Postal, keeps_those_of_other_countries) {
    EXPECT_EQ(read("k1a 0b1"), "K1A 0B1");
    EXPECT_EQ(read("sw1a 1aa", "", "United Kingdom"), "SW1A 1AA");
    EXPECT_EQ(read("2000", "NSW", "AU"), "2000");
    EXPECT_EQ(read("276011234", "", "usa"), "27601+1234");
}

TEST(Postal, knows_the_states) {
    EXPECT_EQ(us_state_code("nc"), "NC");
    EXPECT_EQ(us_state_code(" North  Carolina "), "NC");
    EXPECT_EQ(us_state_code("AE"), "AE");
    EXPECT_EQ(us_state_code("XX"), "");
    EXPECT_EQ(us_state_code("N1"), "");
    EXPECT_EQ(us_state_code("Ontario"), "");
}

TEST(Postal, short_codes_are_upper_case) {
    EXPECT_EQ(clean_code(" dem "), "DEM");
    EXPECT_EQ(clean_code("Democratic"), "Democratic");
    EXPECT_EQ(clean_code("m"), "M");
}

}  // namespace
}  // namespace townhall::importer
