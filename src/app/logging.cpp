#include "app/logging.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <stdexcept>

#include "platform/observe/crash.hpp"
#include "platform/observe/log.hpp"
#include "platform/observe/log_file.hpp"

namespace townhall::app {

void open_log(const Configuration& configuration) {
    const config::Values& values = configuration.values;
    const std::string& file = values.text("LOG_FILE");
    const observe::LogFileOptions options{.file = file,
                                          .max_bytes = static_cast<std::uint64_t>(values.number("LOG_MAX_BYTES")),
                                          .max_age = std::chrono::hours(values.number("LOG_MAX_HOURS")),
                                          .keep = static_cast<std::size_t>(values.number("LOG_KEEP"))};
    if (!file.empty() && !observe::set_log_file(options))
        throw std::runtime_error(fmt::format("LOG_FILE can't be written: {}", file));
    observe::install_crash_handler();
}

void LogSignals::start() {
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2}) signals_.add(signal);
    wait();
}

void LogSignals::wait() {
    signals_.async_wait([this](const boost::system::error_code& canceled, int signal) {
        if (canceled) return;
        take(signal);
        wait();
    });
}

void LogSignals::take(int signal) {
    if (signal == SIGHUP) {
        observe::reopen_log_file();
        return;
    }
    const int step = signal == SIGUSR1 ? -1 : 1;
    constexpr int kMost = static_cast<int>(observe::Level::critical);
    const auto level = static_cast<observe::Level>(std::clamp(static_cast<int>(observe::level()) + step, 0, kMost));
    observe::set_level(level);
    // At the very level: whatever it is now, this is written.
    observe::log(level, "the log's level was changed", {{"log_level", observe::name_of(level)}});
}

}  // namespace townhall::app
