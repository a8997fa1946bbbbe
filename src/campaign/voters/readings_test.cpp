#include "campaign/voters/readings.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace townhall::campaign {
namespace {

std::vector<std::string> written(std::string_view folded) {
    std::vector<std::string> out;
    const Readings all = readings_of(folded);
    for (std::size_t i = 0; i < all.weights.size(); ++i)
        out.push_back(fmt::format("{}|{} {}", all.firsts[i], all.lasts[i], all.weights[i]));
    return out;
}

using Written = std::vector<std::string>;

TEST(Readings, OneWordIsALastNameOrAFirstName) { EXPECT_EQ(written("smith"), (Written{"|smith 100", "smith| 95"})); }

TEST(Readings, TwoWordsAreBothNamesInEitherOrderOrOneOfThem) {
    EXPECT_EQ(written("ann smith"), (Written{"|ann smith 100", "ann smith| 95", "ann|smith 100", "smith|ann 95"}));
}

TEST(Readings, MoreWordsAreDividedAtEachBlankAndMayHoldMiddleNames) {
    EXPECT_EQ(written("mary ann jones"),
              (Written{"|mary ann jones 100", "mary ann jones| 95", "mary|ann jones 100", "ann jones|mary 95",
                       "ann|mary 84", "mary ann|jones 100", "jones|mary ann 95", "mary|jones 89"}));
}

TEST(Readings, VeryManyWordsAreDividedNearTheirEndsAlone) {
    std::string words = "a";
    for (int i = 0; i < 49; ++i) words += " b";
    EXPECT_EQ(readings_of(words).weights.size(), 2 + 4 * 4 - 2);
}

}  // namespace
}  // namespace townhall::campaign
