#include "platform/observe/json_line.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <thread>

namespace townhall::observe {
namespace {

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonLine, EscapesWhatCouldForgeALineOrDriveATerminal) {
    EXPECT_EQ(json("a\r\nb"), R"("a\r\nb")");
    EXPECT_EQ(json("\x1b[2J"), R"("\u001b[2J")");
    EXPECT_EQ(json("\"\\/"), R"("\"\\/")");
    EXPECT_EQ(json(std::string_view("\0\x7f\t", 3)), R"("\u0000\u007f\t")");
    EXPECT_EQ(json("\xC2\x9B"
                   "31m"),
              R"("\u009b31m")");
    EXPECT_EQ(json("é€😀"), "\"é€😀\"");
}

TEST(JsonLine, EscapesWhatTurnsTheDirectionOfText) {
    EXPECT_EQ(json("a\xE2\x80\xAE"
                   "b"),
              R"("a\u202eb")");  // right-to-left override
    EXPECT_EQ(json("\xE2\x81\xA6\xD8\x9C\xE2\x80\xA8\xEF\xBB\xBF"), R"("\u2066\u061c\u2028\ufeff")");
    EXPECT_EQ(json("\xD7\xA9\xD8\xA7"), "\"\xD7\xA9\xD8\xA7\"");  // letters that run so stay
}

TEST(JsonLine, ReplacesEachIllFormedPartOnce) {
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(json("\xFF"), "\"" + r + "\"");
    EXPECT_EQ(json("a\xC3"), "\"a" + r + "\"");                        // cut short
    EXPECT_EQ(json("\xC0\xAF"), "\"" + r + r + "\"");                  // over-long
    EXPECT_EQ(json("\xED\xA0\x80"), "\"" + r + r + r + "\"");          // a surrogate
    EXPECT_EQ(json("\xF0\x9F\x98!"), "\"" + r + "!\"");                // one maximal part
    EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");  // beyond U+10FFFF
    EXPECT_EQ(json("\xE2\x82\xE2\x82\xAC"), "\"" + r + "€\"");
}

TEST(JsonLine, CutsLongTextBetweenCharacters) {
    std::string text(kMaxLogString - 1, 'x');
    text += "€€";
    EXPECT_EQ(json(text), "\"" + std::string(kMaxLogString - 1, 'x') + "…\"");
}

TEST(JsonLine, WritesTypedFields) {
    std::string out;
    append_line(out, "T", Level::warning, "m",
                {{"i", -5},
                 {"u", 7U},
                 {"d", 0.25},
                 {"b", true},
                 {"s", "x"},
                 {"n", std::numeric_limits<double>::infinity()},
                 {"t", std::chrono::nanoseconds(1'234'567)},
                 {"", "left out"}});
    EXPECT_EQ(
        out, R"({"time":"T","level":"warning","message":"m","i":-5,"u":7,"d":0.25,"b":true,"s":"x","n":null,"t":1.234})"
             "\n");
}

TEST(JsonLine, TimeIsRfc3339) {
    const std::string first(time_text());
    ASSERT_EQ(first.size(), 24U) << first;
    EXPECT_EQ(first[10], 'T');
    EXPECT_EQ(first.substr(23), "Z");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_LT(first, std::string(time_text()));
}

}  // namespace
}  // namespace townhall::observe
