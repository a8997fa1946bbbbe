#include "platform/api/json.hpp"

#include <gtest/gtest.h>

namespace townhall::api::json {
namespace {

std::string again(std::string_view text) {
    const auto value = parse(text);
    std::string out;
    if (value) write(out, *value);
    return out;
}

TEST(Json, NumbersAreReadExactly) {
    for (const char* text : {"0.1", "-9.223345678901235e+22", "1.7976931348623157e+308", "5e-324",
                             "2.2250738585072014e-308", "0.30000000000000004", "123456.789"})
        EXPECT_EQ(again(text), text);
    EXPECT_EQ(again("[1.5]"), "[1.5]");
    EXPECT_EQ(parse("4.9406564584124654e-325")->get_if<double>() != nullptr, true) << "too small is no fault";
    EXPECT_FALSE(parse("1e400"));
    EXPECT_FALSE(parse("[-1e400]"));
}

TEST(Json, WholeNumbersAreWrittenAsPeopleDo) {
    EXPECT_EQ(again("1e6"), "1000000");
    EXPECT_EQ(again("-2.50e2"), "-250");
    EXPECT_EQ(again("0.0"), "0");
    EXPECT_EQ(again("1e21"), "1e+21") << "as an integer it could not be read again";
    EXPECT_EQ(again("9223372036854775807"), "9223372036854775807");
}

}  // namespace
}  // namespace townhall::api::json
