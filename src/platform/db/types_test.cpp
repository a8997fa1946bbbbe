#include "platform/db/types.hpp"

#include <gtest/gtest.h>

#include "platform/db/codec.hpp"
#include "platform/db/errors.hpp"
#include "platform/db/query.hpp"
#include "platform/db/scope.hpp"

namespace townhall::db {
namespace {

using namespace std::chrono;
using std::chrono::microseconds;

TEST(Types, TimestampsAreReadAndWrittenByRfc3339) {
    const Timestamp leap_day = sys_days{year{2024} / 2 / 29} + 12h + 34min + 56s;
    EXPECT_EQ(parse_timestamp("2024-02-29T12:34:56Z"), leap_day);
    EXPECT_EQ(parse_timestamp("2024-02-29 12:34:56+00"), leap_day);
    EXPECT_EQ(parse_timestamp("2024-02-29T14:34:56.5+02:00"), leap_day + 500ms);
    EXPECT_EQ(parse_timestamp("2024-02-29t07:04:56.123456789-05:30"), leap_day + microseconds(123456));
    EXPECT_EQ(format(leap_day), "2024-02-29T12:34:56Z");
    EXPECT_EQ(format(leap_day + microseconds(120)), "2024-02-29T12:34:56.00012Z");
    EXPECT_EQ(format(leap_day + microseconds(100'000)), "2024-02-29T12:34:56.1Z");
    EXPECT_EQ(format(leap_day + microseconds(1)), "2024-02-29T12:34:56.000001Z");
    EXPECT_EQ(format(Timestamp{microseconds(-1)}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(format(sys_days{year{12024} / 1 / 2}), "12024-01-02");
    std::string text = "on ";
    append(text, leap_day);
    EXPECT_EQ(text, "on 2024-02-29T12:34:56Z");
}

TEST(Types, WhatIsNoTimestampIsRefused) {
    for (const char* text : {"", "2024-02-29", "2024-02-29T12:34:56", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
                             "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z",
                             "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00Zx",
                             "12024-01-01T00:00:00Z", "infinity", "2024-01-01T00:00:00.1234567890123456789Z"})
        EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
    EXPECT_EQ(parse_date("2024-02-30"), std::nullopt);
    EXPECT_EQ(parse_date("2024-2-3"), std::nullopt);
    EXPECT_EQ(parse_date("2024-02-29 "), std::nullopt);
    EXPECT_EQ(format(*parse_date("0001-01-01")), "0001-01-01");
}

TEST(Types, UuidsAreLowered) {
    EXPECT_EQ(parse_uuid("018F2C3D-0000-7ABC-8DEF-0123456789AB")->text, "018f2c3d-0000-7abc-8def-0123456789ab");
    EXPECT_EQ(parse_uuid("{18f2c3d-0000-7abc-8def-0123456789ab}"), std::nullopt);
    EXPECT_EQ(parse_uuid("018f2c3d00007abc8def0123456789ab"), std::nullopt);
}

TEST(Codecs, BrokenArraysAreRefused) {
    for (const char* text : {"", "{", "}", "{1", "{\"a}", "{\"a\"b}", "{{1},{2}}", "[0:1]={1,2}", "{1,}", "{a}"})
        EXPECT_THROW(Codec<std::vector<std::int64_t>>::read(text), ShapeError) << text;
    EXPECT_THROW(Codec<std::vector<std::int64_t>>::read("{NULL}"), ShapeError);
    EXPECT_EQ(Codec<std::vector<std::string>>::read("{}").size(), 0U);
    EXPECT_EQ(Codec<std::vector<std::string>>::read(R"({"NULL","a\"\\b",c})"),
              (std::vector<std::string>{"NULL", "a\"\\b", "c"}));
}

TEST(Codecs, NumbersOutOfRangeAreRefused) {
    EXPECT_THROW(Codec<std::int16_t>::read("32768"), ShapeError);
    EXPECT_THROW(Codec<std::int64_t>::read("9223372036854775808"), ShapeError);
    EXPECT_THROW(Codec<std::int64_t>::read("1.0"), ShapeError);
    EXPECT_EQ(Codec<std::int64_t>::read("-9223372036854775808"), INT64_MIN);
}

TEST(Codecs, TextWithNulIsRefusedBeforeItIsCut) {
    const std::string text("a\0b", 3);
    EXPECT_THROW((void)encode(text), StatementError);
    try {
        (void)encode(text);
    } catch (const StatementError& error) {
        EXPECT_EQ(error.outcome(), Outcome::invalid);
    }
}

TEST(Errors, SqlstatesMeanWhatTheyShould) {
    EXPECT_EQ(outcome_of("23505"), Outcome::conflict);
    EXPECT_EQ(outcome_of("23503"), Outcome::conflict);
    EXPECT_EQ(outcome_of("23514"), Outcome::invalid);
    EXPECT_EQ(outcome_of("22P02"), Outcome::invalid);
    EXPECT_EQ(outcome_of("40P01"), Outcome::retry);
    EXPECT_EQ(outcome_of("57014"), Outcome::timeout);
    EXPECT_EQ(outcome_of("57P01"), Outcome::unavailable);
    EXPECT_EQ(outcome_of("53300"), Outcome::unavailable);
    EXPECT_EQ(outcome_of("53100"), Outcome::full);
    EXPECT_EQ(outcome_of("55P03"), Outcome::unavailable);
    EXPECT_EQ(outcome_of("42601"), Outcome::failed);
    EXPECT_EQ(outcome_of("42501"), Outcome::forbidden);
    EXPECT_EQ(outcome_of(""), Outcome::failed);
}

TEST(Scopes, KeysAreNeverTheUnkeyedOne) {
    EXPECT_EQ(Scope::owner().key, 0U);
    EXPECT_NE(Scope::owner().on("").key, 0U);
    EXPECT_EQ(Scope::of(3).on("a").key, Scope::owner().on("a").key);
    EXPECT_NE(Scope::of(3).on("a").key, Scope::of(3).on("b").key);
    EXPECT_EQ(Scope::of(3).on("a").campaign, 3);
}

}  // namespace
}  // namespace townhall::db
