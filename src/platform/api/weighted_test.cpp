#include "platform/api/weighted.hpp"

#include <gtest/gtest.h>

namespace townhall::api {
namespace {

TEST(Weighted, ReadsNamesAndWeights) {
    std::string_view list = " a;q=0.5 ,, b ; level=1; Q=0.25,c;q=x,\td";
    for (const auto& [name, weight] :
         std::initializer_list<std::pair<std::string_view, int>>{{"a", 500}, {"b", 250}, {"c", 1000}, {"d", 1000}}) {
        const auto item = take_weighted(list);
        ASSERT_TRUE(item);
        EXPECT_EQ(item->name, name);
        EXPECT_EQ(item->weight, weight) << name;
    }
    EXPECT_FALSE(take_weighted(list));
}

TEST(Weighted, ReadsWeightsAsOldClientsWriteThem) {
    for (const auto& [text, weight] : std::initializer_list<std::pair<std::string_view, int>>{{".2", 200},
                                                                                              {"0.8000", 800},
                                                                                              {"0.12399", 123},
                                                                                              {"0.", 0},
                                                                                              {"0.0009", 0},
                                                                                              {"000", 0},
                                                                                              {"1.000000", 1000},
                                                                                              {"01.5", 1000},
                                                                                              {"7", 1000},
                                                                                              {"", 1000},
                                                                                              {".", 1000},
                                                                                              {"-1", 1000},
                                                                                              {"0.5x", 1000},
                                                                                              {"0.0.0", 1000}}) {
        const std::string list = "a;q=" + std::string(text);
        std::string_view rest = list;
        EXPECT_EQ(take_weighted(rest)->weight, weight) << text;
    }
}

TEST(Weighted, TheRangeThatFitsBestDecides) {
    for (const char* yes : {"", "*/*", "application/*", "application/json", "Application/JSON; charset=utf-8",
                            "text/html, */*;q=0.1", "text/html;q=1, application/json;q=0.001", "*/*;q=0, application/*",
                            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"})
        EXPECT_TRUE(accepts(yes, "application/json")) << yes;
    for (const char* no : {"text/html", "application/json; q=0", "application/json;q=0.000, */*", "*/*; q=0",
                           "application/*;q=0, */*", "application", "app/*", "application/jsonx"})
        EXPECT_FALSE(accepts(no, "application/json")) << no;
    EXPECT_TRUE(accepts("text/plain", "*/*"));
}

TEST(Weighted, KnowsJsonInAnyCase) {
    for (const char* json : {"application/json", "Application/JSON ; charset=UTF-8", "application/merge-patch+JSON"})
        EXPECT_TRUE(is_json(json)) << json;
    for (const char* other : {"", "text/json", "application/jsonp", "application/+json", "application/x+jsonp", "json"})
        EXPECT_FALSE(is_json(other)) << other;
}

TEST(Weighted, FieldsOfOneNameAreOneList) {
    http::Request request;
    request.headers = {{"Accept", "text/html"}, {"X", "y"}, {"accept", "application/json"}};
    std::string joined;
    EXPECT_EQ(list_field(request, "accept", joined), "text/html, application/json");
    EXPECT_EQ(list_field(request, "x", joined), "y");
    EXPECT_EQ(list_field(request, "accept-encoding", joined), std::nullopt);
    request.headers = {{"If-Match", ""}, {"If-Match", "*"}, {"If-Match", ""}, {"Accept", ""}, {"Accept", ""}};
    EXPECT_EQ(list_field(request, "if-match", joined), "*");
    EXPECT_EQ(list_field(request, "accept", joined), "");
}

}  // namespace
}  // namespace townhall::api
