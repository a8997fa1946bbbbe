#include "platform/api/event_stream.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <utility>

namespace townhall::api {

/// One of the places for open streams, until it is destroyed.
class EventStreams::Place {
  public:
    Place(EventStreams& all, std::int64_t user) : all_(&all), user_(user) {
        all.open_.fetch_add(1, std::memory_order_relaxed);
        const std::scoped_lock lock(all.mutex_);
        of_user_ = ++all.users_[user];
    }
    Place(Place&& other) noexcept
        : all_(std::exchange(other.all_, nullptr)), user_(other.user_), of_user_(other.of_user_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
        if (!all_) return;
        all_->open_.fetch_sub(1, std::memory_order_relaxed);
        const std::scoped_lock lock(all_->mutex_);
        const auto mine = all_->users_.find(user_);
        if (--mine->second == 0) all_->users_.erase(mine);
    }
    [[nodiscard]] const EventStreams& all() const { return *all_; }
    /// How many the user had open with this one.
    [[nodiscard]] int of_user() const { return of_user_; }

  private:
    EventStreams* all_;
    std::int64_t user_;
    int of_user_ = 0;
};

Result<http::Response> EventStreams::open(const Context& context, Teller tell) {
    Place place(*this, context.who.user_id);
    if (closing_.load(std::memory_order_relaxed) || count() > limits_.open)
        return std::unexpected(unavailable(5, "No more streams of events can be opened at the moment."));
    if (place.of_user() > limits_.open_each)
        return std::unexpected(
            Error(kTooManyRequests, "You have too many streams of events open.").with("Retry-After", "5"));
    http::Response response;
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back
    response.stream = [place = std::move(place), permit = context.permit,
                       tell = std::move(tell)](http::BodyWriter& body) mutable -> Task<void> {
        EventStream stream(body, place.all(), permit);
        co_await stream.begin();
        co_await tell(stream);
    };
    return response;
}

Task<void> EventStream::begin() { co_await write(fmt::format("retry: {}\n\n", all_.limits_.retry.count())); }

Task<void> EventStream::send(std::string_view name, std::string_view data, std::string_view id) {
    std::string out = fmt::format("event: {}\nid: {}\n", name, id);
    for (std::size_t at = 0; at <= data.size();) {
        const std::size_t end = std::min(data.find('\n', at), data.size());
        out.append("data: ").append(data.substr(at, end - at)).append("\n");
        at = end + 1;
    }
    out += '\n';
    co_await write(out);
}

Task<void> EventStream::write(std::string_view bytes) {
    co_await body_.write(bytes);
    last_sent_ = clock::now();
}

bool EventStream::must_end() const {
    return all_.closing_.load(std::memory_order_relaxed) || clock::now() - opened_ > all_.limits_.longest ||
           !permit_.holds();
}

Task<bool> EventStream::sleep(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    const auto until = clock::now() + time;
    while (!must_end()) {
        const auto now = clock::now();
        if (now >= until) co_return true;
        if (now - last_sent_ >= all_.limits_.heartbeat) co_await write(": still here\n\n");
        timer.expires_at(std::min(until, now + all_.limits_.longest_sleep));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return false;
}

}  // namespace townhall::api
