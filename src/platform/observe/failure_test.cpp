#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include "platform/observe/crash.hpp"
#include "platform/observe/log.hpp"
#include "platform/observe/log_file.hpp"

namespace townhall::observe {

[[gnu::noinline]] void failing_part(int depth) {
    if (depth == 0) throw std::invalid_argument("a person's secret");
    failing_part(depth - 1);
}

[[gnu::noinline]] int endless(int depth) {
    volatile char room[4096] = {};
    room[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : endless(depth + 1) + room[0];
}

namespace {

class Failures : public testing::Test {
  protected:
    void SetUp() override {
        flush();  // of what other tests failed with
        std::filesystem::create_directories(folder_);
        ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
    }
    void TearDown() override {
        EXPECT_TRUE(set_log_file({.file = "/dev/null"}));
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] std::string content() const {
        std::ifstream in(folder_ / "log");
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    /// The value of a member of the only line that has it.
    [[nodiscard]] std::string member(const std::string& name) const {
        const std::string text = content(), key = "\"" + name + "\":\"";
        const std::size_t at = text.find(key);
        if (at == std::string::npos) return "";
        return text.substr(at + key.size(), text.find('"', at + key.size()) - at - key.size());
    }

    // The process that a death test starts finds its parent's folder.
    static std::filesystem::path folder() {
        ::setenv("TOWNHALL_FAILURE_TEST", std::to_string(::getpid()).c_str(), 0);
        return std::filesystem::temp_directory_path() /
               (std::string("townhall-failure-") + std::getenv("TOWNHALL_FAILURE_TEST"));
    }
    const std::filesystem::path folder_ = folder();
};

void fail(std::string_view request) {
    try {
        failing_part(2);
    } catch (...) {
        failure("request failed", std::current_exception(), {{"request_id", request}});
    }
}

TEST_F(Failures, AreToldWithTypeTraceAndFingerprint) {
    fail("a");
    flush();
    EXPECT_EQ(member("type"), "std::invalid_argument");
    EXPECT_EQ(member("request_id"), "a");
    EXPECT_EQ(member("fingerprint").size(), 16U);
    EXPECT_NE(content().find("\"trace\":[\"townhall::observe::failing_part src/platform/observe/failure_test.cpp:"),
              std::string::npos)
        << content();
    EXPECT_EQ(content().find("secret"), std::string::npos);
    EXPECT_TRUE(content().ends_with("]}\n"));
}

TEST_F(Failures, AreToldSoonByTheLogItself) {
    fail("b");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (member("fingerprint").empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_FALSE(member("fingerprint").empty());
}

TEST_F(Failures, AFloodOfThemIsToldInFull) {
    for (int i = 0; i < 2'000; ++i) fail("c");
    flush();
    const std::string text = content();
    int lines = 0;
    for (std::size_t at = 0; (at = text.find("\"type\":\"std::invalid_argument\"", at)) != std::string::npos; ++at)
        ++lines;
    EXPECT_EQ(lines, 2'000);  // those that came too fast without their trace
}

class Crashes : public Failures {
  protected:
    void SetUp() override {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
        GTEST_SKIP() << "the sanitizer tells of crashes";
#endif
#endif
        GTEST_FLAG_SET(death_test_style, "threadsafe");  // runs the test again in a process of its own
        Failures::SetUp();
    }
};

TEST_F(Crashes, LeaveALastLineAndWhatWasBuffered) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            info("buffered");
            *static_cast<volatile int*>(nullptr) = 1;
        },
        testing::KilledBySignal(SIGSEGV), "");
    EXPECT_NE(content().find("\"buffered\""), std::string::npos);
    EXPECT_EQ(member("signal"), "SIGSEGV");
    EXPECT_EQ(member("address"), "0x0");
    EXPECT_NE(content().find("\"trace\":[\"_ZN"), std::string::npos) << content();
    EXPECT_NE(content().find("LeaveALastLineAndWhatWasBuffered"), std::string::npos) << content();
    EXPECT_TRUE(content().ends_with("]}\n"));
}

TEST_F(Crashes, TellOfAnUncaughtException) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::thread([] { failing_part(1); }).join();
        },
        testing::KilledBySignal(SIGABRT), "");
    EXPECT_EQ(member("signal"), "SIGABRT");
    EXPECT_EQ(member("type"), "St16invalid_argument");
    EXPECT_NE(content().find("failing_part"), std::string::npos) << content();
    EXPECT_EQ(content().find("secret"), std::string::npos);
}

TEST_F(Crashes, TellOfAStackThatOverflowed) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::thread([] {
                use_crash_stack();
                std::exit(endless(0));
            }).join();
        },
        testing::KilledBySignal(SIGSEGV), "");
    EXPECT_NE(content().find("endless"), std::string::npos) << content();
}

}  // namespace
}  // namespace townhall::observe
