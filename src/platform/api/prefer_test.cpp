#include "platform/api/prefer.hpp"

#include <gtest/gtest.h>

namespace townhall::api {
namespace {

std::optional<std::string> wait_of(std::vector<std::string> lines) {
    http::Request request;
    for (std::string& line : lines) request.headers.emplace_back("Prefer", std::move(line));
    return preference(request, "wait");
}

TEST(Prefer, ReadsAValueHoweverItIsWritten) {
    for (const char* written : {"wait=30", "Wait=30", "wait=\"30\"", "wait = 30", "respond-async, wait=30",
                                "wait=30; quiet, handling=strict", "wait=30, wait=60"})
        EXPECT_EQ(wait_of({written}), "30") << written;
    EXPECT_EQ(wait_of({"respond-async", "wait=30"}), "30");
}

TEST(Prefer, IsNothingWhereItIsNotAsked) {
    for (const char* written : {"", "xwait=30", "respond-async", "x=wait", ",;=", "x; wait=30"})
        EXPECT_EQ(wait_of({written}), std::nullopt) << written;
    EXPECT_EQ(wait_of({}), std::nullopt);
    EXPECT_EQ(wait_of({"wait"}), "");
}

}  // namespace
}  // namespace townhall::api
