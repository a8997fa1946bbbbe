#include "platform/observe/log.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>
#include <thread>
#include <unistd.h>
#include <vector>

#include "platform/observe/json_line.hpp"

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
    append_line(
        out, "T", Level::warning, "m",
        {{"i", -5}, {"u", 7U}, {"d", 0.25}, {"b", true}, {"s", "x"}, {"n", std::numeric_limits<double>::infinity()}});
    EXPECT_EQ(out, R"({"time":"T","level":"warning","message":"m","i":-5,"u":7,"d":0.25,"b":true,"s":"x","n":null})"
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

class LogFile : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override {
        EXPECT_TRUE(set_file("/dev/null"));
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] std::string content(const std::string& name = "log") const {
        std::ifstream in(folder_ / name);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }

    // The process that a death test starts finds its parent's folder.
    static std::filesystem::path folder() {
        ::setenv("TOWNHALL_LOG_TEST", std::to_string(::getpid()).c_str(), 0);
        return std::filesystem::temp_directory_path() /
               (std::string("townhall-log-") + std::getenv("TOWNHALL_LOG_TEST"));
    }
    const std::filesystem::path folder_ = folder();
};

TEST_F(LogFile, WarningsAreThereAtOnceAndOthersSoon) {
    ASSERT_TRUE(set_file(folder_ / "log"));
    warning("now");
    EXPECT_NE(content().find("\"now\""), std::string::npos);
    info("soon");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (content().find("\"soon\"") == std::string::npos && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_NE(content().find("\"soon\""), std::string::npos);
    debug("never");
    flush();
    EXPECT_EQ(content().find("never"), std::string::npos);
}

TEST_F(LogFile, TurnsOverAndKeepsSoMany) {
    ASSERT_TRUE(set_file(folder_ / "log", 200, 2));
    for (int i = 0; i < 10; ++i) warning("line", {{"number", i}});
    EXPECT_NE(content().find("\"number\":9"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "log.1"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "log.2"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "log.3"));
    EXPECT_LE(content().size(), 200U);
}

TEST_F(LogFile, KeepsTheOutputWhenAFileCantBeOpened) {
    ASSERT_TRUE(set_file(folder_ / "log"));
    EXPECT_FALSE(set_file(folder_ / "no" / "such" / "log"));
    warning("still here");
    EXPECT_NE(content().find("still here"), std::string::npos);
}

TEST_F(LogFile, LinesOfManyThreadsStayWhole) {
    ASSERT_TRUE(set_file(folder_ / "log"));
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([t] {
                for (int i = 0; i < 5'000; ++i) info("request", {{"thread", t}, {"number", i}, {"text", "\x1b\r\n"}});
            });
        }
    }
    flush();
    std::istringstream lines(content());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        ASSERT_EQ(line.front(), '{');
        ASSERT_TRUE(line.ends_with(R"("text":"\u001b\r\n"})")) << line;
    }
    EXPECT_EQ(count, 20'000);
}

TEST_F(LogFile, WhatIsBufferedIsWrittenAtExit) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // runs this test again in a process of its own
    EXPECT_EXIT(
        {
            const bool open = set_file(folder_ / "log");
            info("last words");
            std::exit(open ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
    EXPECT_NE(content().find("last words"), std::string::npos);
}

}  // namespace
}  // namespace townhall::observe
