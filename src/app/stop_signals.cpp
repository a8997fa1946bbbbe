#include "app/stop_signals.hpp"

#include <csignal>
#include <cstdlib>
#include <utility>

#include "platform/observe/log.hpp"

namespace townhall::app {

StopSignals::StopSignals(boost::asio::io_context& context) : signals_(context) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

void StopSignals::start(std::function<void()> stop) {
    stop_ = std::move(stop);
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    wait();
}

void StopSignals::wait() {
    signals_.async_wait([this](const boost::system::error_code& canceled, int) {
        if (canceled) return;
        if (std::exchange(stopping_, true)) {
            observe::warning("second signal: ending at once");
            observe::flush();
            std::_Exit(130);
        }
        stop_();
        wait();
    });
}

}  // namespace townhall::app
