#include "importer/normalise/phone.hpp"

#include <gtest/gtest.h>

namespace townhall::importer {
namespace {

std::string read(std::string_view text, std::string_view region = "US") {
    const auto phone = parse_phone(text, region);
    return phone ? phone->str() : "";
}

TEST(Phone, reads_north_american_numbers_however_written) {
    for (const auto* text : {"9195551234", "919-555-1234", "(919) 555-1234", "919.555.1234", "1 919 555 1234",
                             "+1 (919) 555-1234", "+19195551234", "919/555-1234", "9195551234.0", " 919 555 1234 x12",
                             "919-555-1234 ext. 12", "919-555-1234 #12", "tel:+1-919-555-1234"})
        EXPECT_EQ(read(text), "+19195551234") << text;
}

TEST(Phone, keeps_the_rules_of_the_north_american_plan) {
    for (const auto* text : {"", "5551234", "119-555-1234", "911-555-1234", "919-155-1234", "919-011-1234",
                             "919-911-1234", "999-555-1234", "0000000000", "919555123", "91955512345", "2 919 555 1234",
                             "919-555-1234 or so", "unknown", "919-555-CALL", "+"})
        EXPECT_EQ(read(text), "") << text;
}

TEST(Phone, reads_other_countries_by_their_plans) {
    EXPECT_EQ(read("+44 20 7946 0958"), "+442079460958");
    EXPECT_EQ(read("+44 (0)20 7946 0958"), "+442079460958");
    EXPECT_EQ(read("011 44 20 7946 0958"), "+442079460958");
    EXPECT_EQ(read("+49 30 901820"), "+4930901820");
    EXPECT_EQ(read("+33 1 23 45 67 89"), "+33123456789");
    EXPECT_EQ(read("+52 55 1234 5678"), "+525512345678");
    EXPECT_EQ(read("+91 98765 43210"), "+919876543210");
    EXPECT_EQ(read("+800 1234 5678"), "+80012345678");
    EXPECT_EQ(read("020 7946 0958", "GB"), "+442079460958");
    EXPECT_EQ(read("0044 20 7946 0958", "DE"), "+442079460958");
    EXPECT_EQ(read("(604) 555-1234", "CA"), "+16045551234");
}

TEST(Phone, refuses_what_no_plan_has) {
    for (const auto* text : {"+44 123", "+999 123456789", "+33 0 0", "+331234567890", "+123456789012345678", "+0"})
        EXPECT_EQ(read(text), "") << text;
    EXPECT_EQ(read("020 7946 0958", "XX"), "");
}

TEST(Phone, every_plan_can_be_matched) {
    // Each pattern is walked with every length it names; a pattern that the matcher misreads would run off its end.
    for (const std::string_view region : {"AC", "AR", "AT", "BR", "CN", "DE", "ID", "IT", "JP", "NZ", "VN", "ZW"})
        for (std::size_t size = 1; size < 18; ++size)
            for (char digit = '0'; digit <= '9'; ++digit) {
                const auto phone = parse_phone(std::string(size, digit), region);
                if (phone) EXPECT_LE(phone->text().size(), 16U);
            }
    EXPECT_EQ(read("11 1234-5678", "AR"), "+541112345678");
    EXPECT_EQ(read("03-1234-5678", "JP"), "+81312345678");
}

}  // namespace
}  // namespace townhall::importer
