#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "platform/db/embedded/binaries.hpp"
#include "platform/db/embedded/embedded.hpp"
#include "platform/db/embedded/file.hpp"
#include "platform/db/embedded/place.hpp"

namespace townhall::db {

/// The thread that the postmaster's life hangs on.
class EmbeddedPostgres::Supervisor {
  public:
    Supervisor(embedded::Place place, embedded::Account account, embedded::Binaries binaries, EmbeddedOptions options,
               Observed& observed);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Until connections are taken. Throws EmbeddedError when it gave up.
    void await_ready();

  private:
    enum class Event : std::uint8_t { ready, asked, died };

    void run();
    void launch();
    /// Until stop is asked for or the postmaster ends.
    Event watch();
    Event wait_ready();
    void shut_down();
    enum class Hurry : std::uint8_t { when_asked_to_stop, never };
    /// Whether the postmaster ended within the time; comes back early, with false, when stop is asked for.
    bool ended(std::chrono::milliseconds within, Hurry hurry = Hurry::when_asked_to_stop);
    bool asked_to_stop(std::chrono::milliseconds within) const;
    void give_up(std::string reason);
    void keep_log_small();
    [[nodiscard]] std::string last_words() const;

    const embedded::Place place_;
    const embedded::Account account_;
    const embedded::Binaries binaries_;
    const EmbeddedOptions options_;

    embedded::File stop_;   // an eventfd, readable once stop is asked for
    embedded::File log_;    // appended to by PostgreSQL itself, so it lives on whatever becomes of us
    embedded::File child_;  // the postmaster's pidfd, where the kernel has them
    Observed& observed_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool was_ready_ = false;
    std::optional<std::string> gave_up_;

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace townhall::db
