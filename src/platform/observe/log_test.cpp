#include "platform/observe/log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <zlib.h>

#include "platform/observe/log_archive.hpp"
#include "platform/observe/log_file.hpp"

namespace townhall::observe {
namespace {

class LogFile : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override {
        EXPECT_TRUE(set_log_file({.file = "/dev/null"}));
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] std::string content(const std::string& name = "log") const {
        std::ifstream in(folder_ / name);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }

    [[nodiscard]] std::vector<std::filesystem::path> old_files() const {
        return LogArchive(folder_ / "log", 100).old_files();
    }
    static std::string unpacked(const std::filesystem::path& file) {
        gzFile in = ::gzopen(file.c_str(), "rb");
        std::string text(100'000, '\0');
        text.resize(
            static_cast<std::size_t>(std::max(::gzread(in, text.data(), static_cast<unsigned>(text.size())), 0)));
        ::gzclose(in);
        return text;
    }
    template <class Condition>
    static bool soon(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return condition();
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
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
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

TEST_F(LogFile, TurnsOverBySizeCompressesAndKeepsSoMany) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log", .max_bytes = 200, .keep = 3}));
    for (int i = 0; i < 20; ++i) warning("line", {{"number", i}});
    EXPECT_NE(content().find("\"number\":19"), std::string::npos);
    EXPECT_LE(content().size(), 200U);
    const auto settled = [this] {
        const auto files = old_files();
        return files.size() == 3 &&
               std::ranges::all_of(files, [](const auto& file) { return file.extension() == ".gz"; });
    };
    ASSERT_TRUE(soon(settled)) << old_files().size();
    // The newest of what was turned over, whole and in order.
    const std::string last = unpacked(old_files().back());
    EXPECT_NE(last.find("\"number\":17"), std::string::npos) << last;
    EXPECT_TRUE(last.ends_with("}\n"));
}

TEST_F(LogFile, TurnsOverByAge) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log", .max_bytes = 0, .max_age = std::chrono::seconds(1)}));
    warning("young");
    EXPECT_TRUE(old_files().empty());
    std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // births are told in whole seconds
    warning("old");
    EXPECT_EQ(content().find("young"), std::string::npos);
    EXPECT_EQ(old_files().size(), 1U);
}

TEST_F(LogFile, WhatAKilledProcessLeftIsCompressedAtTheNextStart) {
    const auto left = folder_ / "log.20240229T235959.999Z";
    std::ofstream(left) << "{}\n";
    std::ofstream(folder_ / "log.20240229T235959.999Z.gz.part") << "half";
    std::ofstream(folder_ / "log.old") << "not ours";
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
    ASSERT_TRUE(soon([&] { return !std::filesystem::exists(left); }));
    EXPECT_EQ(unpacked(left.native() + ".gz"), "{}\n");
    EXPECT_FALSE(std::filesystem::exists(left.native() + ".gz.part"));
    EXPECT_EQ(content("log.old"), "not ours");
}

TEST_F(LogFile, NamesOfOldFilesGoOnInTime) {
    LogArchive archive(folder_ / "log", 3);
    std::filesystem::path last = archive.next_name();
    for (int i = 0; i < 100; ++i) {  // several within one millisecond, none of which is there any more
        const std::filesystem::path next = archive.next_name();
        EXPECT_LT(last, next);
        last = next;
    }
}

// Else two might choose one name, and the second file would take the place of the first one's compressed form.
TEST_F(LogFile, IsTurnedOverByOneAtATime) {
    observe::LogFile log;
    ASSERT_TRUE(log.open({.file = folder_ / "log", .max_bytes = 10}));
    {
        const TurnOverLock another(folder_ / "log");
        ASSERT_TRUE(another.held());
        EXPECT_FALSE(TurnOverLock(folder_ / "log").held());
        EXPECT_EQ(log.write("the first line\n"), 0U);
        EXPECT_EQ(log.write("the second line\n"), 0U);
        EXPECT_EQ(content(), "the first line\nthe second line\n");
    }
    EXPECT_EQ(log.write("the third line\n"), 0U);
    EXPECT_EQ(content(), "the third line\n");
    EXPECT_EQ(old_files().size(), 1U);
}

TEST_F(LogFile, IsOpenedAgainByItsName) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
    warning("before");
    std::filesystem::rename(folder_ / "log", folder_ / "moved");
    warning("between");
    reopen_log_file();
    warning("after");
    EXPECT_NE(content("moved").find("between"), std::string::npos);
    EXPECT_NE(content().find("after"), std::string::npos);
    EXPECT_EQ(content().find("before"), std::string::npos);
}

TEST_F(LogFile, AFullDiskLosesWholeLinesAndTellsHowMany) {
    // Past its limit the kernel refuses more bytes of a file, as a full disk does.
    ASSERT_TRUE(set_log_file({.file = folder_ / "log", .max_bytes = 0}));
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const std::uint64_t lost_before = log_stats().dropped;
    rlimit full = before;
    full.rlim_cur = 1000;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    for (int i = 0; i < 50; ++i) warning("into a full disk", {{"number", i}});
    EXPECT_LE(content().size(), 1000U);
    EXPECT_TRUE(content().ends_with("}\n")) << content();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    warning("room again");
    flush();
    const auto lost = log_stats().dropped - lost_before;
    EXPECT_GT(lost, 0U);
    const std::string text = content();
    EXPECT_NE(text.find("log lines were lost"), std::string::npos);
    EXPECT_NE(text.find("room again"), std::string::npos);
    // Every line is either there or counted.
    std::uint64_t there = 0;
    for (std::size_t at = 0; (at = text.find("into a full disk", at)) != std::string::npos; ++at) ++there;
    EXPECT_EQ(there + lost, 50U);
}

TEST_F(LogFile, TheLevelMovesWhileTheProcessRuns) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
    set_level(Level::error);
    warning("too low");
    set_level(Level::debug);
    debug("low enough");
    set_level(Level::info);
    flush();
    EXPECT_EQ(content().find("too low"), std::string::npos);
    EXPECT_NE(content().find("low enough"), std::string::npos);
    EXPECT_EQ(level_of("WARNING"), Level::warning);
    EXPECT_EQ(name_of(Level::critical), "CRITICAL");
    EXPECT_FALSE(level_of("LOUD"));
}

TEST_F(LogFile, KeepsTheOutputWhenAFileCantBeOpened) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
    EXPECT_FALSE(set_log_file({.file = folder_ / "no" / "such" / "log"}));
    warning("still here");
    EXPECT_NE(content().find("still here"), std::string::npos);
}

TEST_F(LogFile, LinesOfManyThreadsStayWhole) {
    ASSERT_TRUE(set_log_file({.file = folder_ / "log"}));
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

double seconds_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

TEST_F(LogFile, AReaderThatStandsStillKeepsNobodyWaiting) {
    const std::filesystem::path pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(set_log_file({.file = pipe})) << "nobody reads it";
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_TRUE(set_log_file({.file = pipe}));
    const std::uint64_t lost_before = log_stats().dropped;
    auto from = std::chrono::steady_clock::now();
    for (int i = 0; i < 5'000; ++i) warning("unread", {{"number", i}});
    reopen_log_file();
    EXPECT_LT(seconds_since(from), 0.9) << "who logs, or asks for the file to be opened again";
    from = std::chrono::steady_clock::now();
    flush();
    EXPECT_LT(seconds_since(from), 3.0);
    EXPECT_TRUE(soon([&] { return log_stats().dropped > lost_before; }));
    std::string text;
    const auto read_on = [&] {
        std::array<char, 4096> block;
        for (ssize_t n = 0; (n = ::read(reader, block.data(), block.size())) > 0;)
            text.append(block.data(), static_cast<std::size_t>(n));
        warning("read again");
        return text.contains("read again") && text.contains("log lines were lost");
    };
    EXPECT_TRUE(soon(read_on));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line) && !lines.eof();) EXPECT_TRUE(line.ends_with('}')) << line;
    ASSERT_TRUE(set_log_file({.file = "/dev/null"}));
    ::close(reader);
}

TEST_F(LogFile, TwoWritersLoseNoLineToTheArchive) {
    constexpr int kLines = 3'000;
    const LogFileOptions options{.file = folder_ / "log", .max_bytes = 4'000, .keep = 10'000};
    const auto write_lines = [&options](int writer, int lines) {
        observe::LogFile file;
        EXPECT_TRUE(file.open(options));
        for (int i = 0; i < lines; ++i)
            EXPECT_EQ(file.write("writer " + std::to_string(writer) + " line " + std::to_string(i) + "\n"), 0U);
    };
    {
        // One that turns over, and one that writes once in a while: to what the other has turned over already.
        observe::LogFile idle;
        ASSERT_TRUE(idle.open({.file = options.file, .max_bytes = 0, .keep = options.keep}));
        const std::jthread busy(write_lines, 0, kLines);
        const std::jthread other(write_lines, 1, kLines);
        for (int i = 0; i < 15; ++i) {
            EXPECT_EQ(idle.write("writer 2 line " + std::to_string(i) + "\n"), 0U);
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    }
    std::string all = content();
    for (const auto& file : old_files()) all += file.extension() == ".gz" ? unpacked(file) : content(file.filename());
    std::istringstream lines(all);
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
    EXPECT_EQ(seen.size(), 2 * kLines + 15U);
}

TEST_F(LogFile, WhatIsStillWrittenToIsNeitherCompressedNorRemoved) {
    observe::LogFile writer;
    ASSERT_TRUE(writer.open({.file = folder_ / "log"}));
    std::filesystem::rename(folder_ / "log", folder_ / "old");
    EXPECT_EQ(writer.write("late\n"), 0U);
    EXPECT_FALSE(compress_file(folder_ / "old", {}));
    EXPECT_FALSE(remove_file(folder_ / "old"));
    std::ofstream(folder_ / "log") << "another's\n";
    EXPECT_TRUE(soon([&] { return writer.write("more\n") == 0 && content().contains("more"); }))
        << "follows the name within a second or so";
    EXPECT_TRUE(content("old").starts_with("late\n"));
    EXPECT_TRUE(compress_file(folder_ / "old", {}));
}

TEST_F(LogFile, WhatIsBufferedIsWrittenAtExit) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // runs this test again in a process of its own
    EXPECT_EXIT(
        {
            const bool open = set_log_file({.file = folder_ / "log"});
            info("last words");
            std::exit(open ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
    EXPECT_NE(content().find("last words"), std::string::npos);
}

}  // namespace
}  // namespace townhall::observe
