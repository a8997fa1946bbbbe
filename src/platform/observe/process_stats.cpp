#include "platform/observe/process_stats.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace townhall::observe {

namespace {

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
    std::uint64_t count = 0;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", failed), end; entry != end; entry.increment(failed))
        ++count;
    return count > 0 ? count - 1 : 0;  // the folder itself is open
}

/// proc(5): field 22 of stat, in ticks since the machine began.
double started() {
    constexpr int kFieldsBefore = 19;  // of those after the command's name, which may hold spaces
    std::ifstream stat("/proc/self/stat"), uptime("/proc/uptime");
    std::string text;
    double up = 0;
    if (!std::getline(stat, text) || !(uptime >> up)) return 0;
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
    double ticks = 0;
    fields >> ticks;
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return now - up + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

ProcessStats process_stats() {
    static const double began = started();  // read once: it would waver with the clock
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {.resident_bytes = resident_bytes(),
            .open_files = open_files(),
            .most_open_files = limit.rlim_cur,
            .cpu_seconds = cpu_seconds(),
            .started = began};
}

}  // namespace townhall::observe
