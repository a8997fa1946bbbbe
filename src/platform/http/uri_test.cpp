#include "platform/http/uri.hpp"

#include <gtest/gtest.h>

namespace townhall::http {
namespace {

using namespace std::string_literals;

TEST(Query, KeepsOrderRepeatsAndEmptyValues) {
    const QueryPairs expected = {{"a", "1"}, {"b", ""}, {"a", "2 3"}, {"c", ""}, {"\xC3\xA4", "=&+"}};
    EXPECT_EQ(parse_query("a=1&b&&a=2+3&c=&%C3%A4=%3D%26%2B&"), expected);
    EXPECT_EQ(parse_query("a=b=c"), (QueryPairs{{"a", "b=c"}}));
    EXPECT_EQ(parse_query(""), QueryPairs{});
    EXPECT_EQ(find_query(expected, "a"), "1");
    EXPECT_EQ(find_query(expected, "z"), std::nullopt);
}

TEST(Query, RefusesWhatIsMalformedOrTooMuch) {
    EXPECT_EQ(parse_query("a=%"), std::unexpected(QueryFault::bad_escape));
    EXPECT_EQ(parse_query("a=%4"), std::unexpected(QueryFault::bad_escape));
    EXPECT_EQ(parse_query("%g0"), std::unexpected(QueryFault::bad_escape));
    EXPECT_EQ(parse_query("a=%00"), std::unexpected(QueryFault::nul));
    EXPECT_EQ(parse_query("a=%FF"), std::unexpected(QueryFault::bad_utf8));
    EXPECT_EQ(parse_query("a&b&c", 2), std::unexpected(QueryFault::too_many));
    EXPECT_TRUE(parse_query("a&b", 2).has_value());
}

TEST(Percent, EncodesAndDecodesEveryByte) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a b/ä~"), "a%20b%2F%C3%A4~");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
}

TEST(Utf8, AcceptsExactlyTheWellFormed) {
    for (const auto& good : {""s, "a"s, "\xC2\x80"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
                             "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "a\0b"s}) {
        EXPECT_TRUE(is_utf8(good));
    }
    for (const auto& bad : {"\x80"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xE0\x9F\x80"s, "\xED\xA0\x80"s, "\xE2\x82"s,
                            "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "\xE2\x82\x28"s}) {
        EXPECT_FALSE(is_utf8(bad));
    }
}

}  // namespace
}  // namespace townhall::http
