#include <gtest/gtest.h>

#include "platform/api/cors.hpp"
#include "platform/api/etag.hpp"

namespace townhall::api {
namespace {

TEST(ETag, IsFoundInAListByItsState) {
    const std::string tag = "\"7-a,b\"";
    for (const char* list :
         {"*", "\"7-a,b\"", "W/\"7-a,b\"", "\"x\", \"7-a,b\"", "\"x\",W/\"7-a,b-gz\"", " \"7-a,b-br\""})
        EXPECT_TRUE(known_tag(list, tag)) << list;
    for (const char* list :
         {"", "7-a,b", "\"7-a\"", "\"7-a,b", "w/\"7-a,b\"", "\"7-a,bc\"", "\"x7-a,b\"", "x \"7-a,b\""})
        EXPECT_FALSE(known_tag(list, tag)) << list;
    EXPECT_EQ(known_tag("\"x\", \"7-a,b-gz\"", tag), "\"7-a,b-gz\"");
}

TEST(ETag, ConditionsOfChangesAreStrong) {
    EXPECT_FALSE(check_if_match(std::nullopt, "\"a\""));
    for (const char* good : {"*", "\"a\"", "\"b\", \"a\"", "\"a-gz\""})
        EXPECT_FALSE(check_if_match(good, "\"a\"")) << good;
    for (const char* bad : {"", "\"b\"", "W/\"a\"", "a", "\"aa\"", "\"a"}) {
        const auto error = check_if_match(bad, "\"a\"");
        ASSERT_TRUE(error) << bad;
        EXPECT_EQ(error->code.status, 412);
    }
}

TEST(ETag, ConditionsAreReadFromAllLinesOfTheirFields) {
    http::Request request;
    EXPECT_FALSE(conditions_of(request).if_match || conditions_of(request).if_none_match);
    request.headers = {{"If-Match", "\"a\""}, {"If-None-Match", ""}, {"if-match", "\"b\""}};
    EXPECT_EQ(conditions_of(request).if_match, "\"a\", \"b\"");
    EXPECT_EQ(conditions_of(request).if_none_match, "");
}

TEST(ETag, ChangesHeedBothConditions) {
    EXPECT_FALSE(check_change({}, "\"a\""));
    EXPECT_FALSE(check_change({.if_match = "\"a\"", .if_none_match = "\"b\""}, "\"a\""));
    EXPECT_TRUE(check_change({.if_match = "\"b\"", .if_none_match = {}}, "\"a\""));
    for (const char* there : {"*", "\"a\"", "W/\"a\"", "\"b\", \"a-gz\""}) {
        const auto error = check_change({.if_match = "\"a\"", .if_none_match = there}, "\"a\"");
        ASSERT_TRUE(error) << there;
        EXPECT_EQ(error->code.code, "precondition_failed");
    }
}

TEST(ETag, AWeakOneStandsForAllForms) {
    EXPECT_EQ(etag_of_form("\"a\"", "-gz"), "\"a-gz\"");
    EXPECT_EQ(etag_of_form("W/\"a\"", "-gz"), "W/\"a\"");
}

TEST(Cors, KnowsWhatBrowsersSendAsOrigin) {
    for (const char* good : {"https://example.org", "http://localhost:5173", "https://xn--bcher-kva.example:8443",
                             "http://127.0.0.1:3000", "http://[::1]:3000"})
        EXPECT_TRUE(is_origin(good)) << good;
    for (const char* bad :
         {"", "*", "null", "example.org", "https://", "https://example.org/", "https://Example.org",
          "https://example.org:443", "http://a:80", "http://a:0", "http://a:65536", "http://a:08", "https://a@b",
          "https://*.example.org", "ftp://a", "https://a b", "https://a\r\nX: y", "http://[::1", "http://a:"})
        EXPECT_FALSE(is_origin(bad)) << bad;
}

TEST(Cors, ComparesOriginsExactly) {
    const Cors cors({"https://example.org"});
    http::Request request;
    EXPECT_TRUE(cors.fields(request).empty());
    for (const char* other :
         {"null", "http://example.org", "https://example.org.evil.example", "https://example.org:444",
          "https://EXAMPLE.org", "https://evilexample.org", "https://example.org/", ""}) {
        request.headers = {{"Origin", other}};
        EXPECT_TRUE(cors.fields(request).empty()) << other;
    }
    request.headers = {{"origin", "https://example.org"}};
    EXPECT_TRUE(cors.fields(request).starts_with("Access-Control-Allow-Origin: https://example.org\r\n"));
    EXPECT_EQ(cors.fields(request).find("Credentials"), std::string_view::npos);
}

}  // namespace
}  // namespace townhall::api
