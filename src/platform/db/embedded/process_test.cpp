#include "platform/db/embedded/process.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace townhall::db::embedded {
namespace {

// Starts process after process, each of which ends at once.
void come_and_go(const std::stop_token& stop) {
    std::string program = "/bin/true";
    char* const arguments[] = {program.data(), nullptr};
    while (!stop.stop_requested()) {
        pid_t pid = 0;
        ASSERT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ), 0);
        ::waitpid(pid, nullptr, 0);
    }
}

TEST(Processes, AreFoundWhileOthersComeAndGo) {
    const Account account{.user = ::getuid(), .group = ::getgid()};
    const std::jthread first(come_and_go), second(come_and_go);
    for (int i = 0; i < 1'000; ++i) {
        const auto found = find_processes(account, [](std::string_view) { return true; });
        EXPECT_NE(std::ranges::find(found, ::getpid()), found.end());
    }
}

}  // namespace
}  // namespace townhall::db::embedded
