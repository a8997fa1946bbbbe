#include "platform/api/weighted.hpp"

#include <gtest/gtest.h>

namespace townhall::api {
namespace {

TEST(Weighted, ReadsNamesAndWeights) {
    std::string_view list = " a;q=0.5 ,, b ; level=1; Q=0.25,c;q=x,\td";
    for (const auto& [name, weight] :
         std::initializer_list<std::pair<std::string_view, int>>{{"a", 500}, {"b", 250}, {"c", 0}, {"d", 1000}}) {
        const auto item = take_weighted(list);
        ASSERT_TRUE(item);
        EXPECT_EQ(item->name, name);
        EXPECT_EQ(item->weight, weight) << name;
    }
    EXPECT_FALSE(take_weighted(list));
}

TEST(Weighted, TheRangeThatFitsBestDecides) {
    for (const char* yes :
         {"", "*/*", "application/*", "application/json", "Application/JSON; charset=utf-8", "text/html, */*;q=0.1",
          "text/html;q=1, application/json;q=0.001", "*/*;q=0, application/*"})
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
    EXPECT_EQ(list_field(request, "accept"), "text/html, application/json");
    EXPECT_EQ(list_field(request, "accept-encoding"), "");
}

}  // namespace
}  // namespace townhall::api
