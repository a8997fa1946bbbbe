#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "platform/api/endpoint.hpp"

/// Server-Sent Events (HTML Standard, section 9.2): an answer that tells what happens for as long as it does.
namespace townhall::api {

class EventStream;

/// All event streams of a server: how many there may be at once, and their common end. Any thread.
class EventStreams {
  public:
    struct Limits {
        int open = 1000;                               // each asks the database now and then
        int open_each = 20;                            // of one user, who could else take all of them
        std::chrono::seconds heartbeat{15};            // proxies cut what is silent for long
        std::chrono::minutes longest{30};              // then the client comes again
        std::chrono::milliseconds retry{2000};         // and waits this long before
        std::chrono::milliseconds longest_sleep{250};  // between two looks at whether to end
    };
    using Teller = std::move_only_function<Task<void>(EventStream&)>;

    EventStreams() : EventStreams(Limits()) {}
    explicit EventStreams(const Limits& limits) : limits_(limits) {}

    /// An answer whose events `tell` sends, until it returns. It may refer to the request, not to the context. 503 when
    /// there are too many, or the server is stopping; 429 when the user has too many.
    [[nodiscard]] Result<http::Response> open(const Context& context, Teller tell);

    /// Ends all streams, each within `longest_sleep` of its waiting, and opens no more.
    void close() { closing_.store(true, std::memory_order_relaxed); }

    /// Whether the server stops: who makes a client wait for something is to answer.
    [[nodiscard]] bool closing() const { return closing_.load(std::memory_order_relaxed); }

    [[nodiscard]] int count() const { return open_.load(std::memory_order_relaxed); }

  private:
    friend class EventStream;
    class Place;

    const Limits limits_;
    std::atomic<int> open_ = 0;
    std::mutex mutex_;                             // of the following
    std::unordered_map<std::int64_t, int> users_;  // how many each user has open
    std::atomic<bool> closing_ = false;
};

/// One client's events. For the coroutine that tells them.
class EventStream {
  public:
    using clock = std::chrono::steady_clock;

    EventStream(http::BodyWriter& body, const EventStreams& all, const Permit& permit)
        : body_(body), all_(all), permit_(permit), opened_(clock::now()), last_sent_(opened_) {}

    /// One event. `data` may have several lines; `name` and `id` may not. Throws when the client is gone.
    Task<void> send(std::string_view name, std::string_view data, std::string_view id);

    /// Sleeps, and lets proxies and the client know now and then that the stream lives. False when it is to end: the
    /// server stops, the caller has lost the right to listen, or it has lasted long enough.
    Task<bool> sleep(std::chrono::milliseconds time);

  private:
    friend class EventStreams;
    Task<void> begin();
    Task<void> write(std::string_view bytes);
    [[nodiscard]] bool must_end() const;

    http::BodyWriter& body_;
    const EventStreams& all_;
    const Permit& permit_;
    const clock::time_point opened_;
    clock::time_point last_sent_;
};

}  // namespace townhall::api
