#include "platform/db/lane.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>

#include "platform/db/errors.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db {
namespace {

constexpr std::chrono::milliseconds kFirstPause{20};
constexpr std::chrono::milliseconds kLongestPause{1'000};

std::chrono::milliseconds with_jitter(std::chrono::milliseconds time) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    return time / 2 + std::chrono::milliseconds(random() % static_cast<unsigned>(time.count() / 2 + 1));
}

}  // namespace

Lane::Lane(asio::io_context& context, LaneSettings settings, Elsewhere elsewhere)
    : context_(context),
      settings_(std::move(settings)),
      elsewhere_(std::move(elsewhere)),
      wire_(std::make_shared<Wire>(context)),
      pause_timer_(context),
      silence_timer_(context),
      queue_timer_(context) {}

void Lane::submit(OpPtr op) {
    if (stopping_ || pending_.size() >= settings_.queue) {
        // Not from within the call that starts it: the waiting coroutine is not yet suspended for good.
        asio::post(context_,
                   [refused = std::move(op)]() { refused->complete(std::make_exception_ptr(Unavailable{})); });
        return;
    }
    op->queued = Op::Clock::now();
    pending_.push_back(std::move(op));
    if (connected_) {
        schedule();
    } else {
        connect();
        watch_queue();
    }
}

void Lane::connect() {
    if (running_ || stopping_) return;
    running_ = true;
    asio::co_spawn(context_, [self = shared_from_this()]() -> Task<void> { return self->run(); }, asio::detached);
}

Task<void> Lane::run() {
    const auto self = shared_from_this();
    auto wait = kFirstPause;
    while (!stopping_) {
        bool opened = false;
        try {
            co_await wire_->open(settings_.wire);
            opened = true;
        } catch (const std::exception&) {
            if (!failed_before_)
                observe::warning("database connection failed",
                                 {{"connection", settings_.name}, {"reason", wire_->last_error()}});
            failed_before_ = true;
        }
        if (opened && !stopping_) {
            if (failed_before_) observe::info("database connection restored", {{"connection", settings_.name}});
            failed_before_ = false;
            wait = kFirstPause;
            co_await serve();
            if (!stopping_) observe::warning("database connection lost", {{"connection", settings_.name}});
            failed_before_ = !stopping_;
        }
        if (stopping_) break;
        co_await pause(with_jitter(wait));
        wait = std::min(wait * 2, kLongestPause);
    }
    wire_->close();
    running_ = false;
}

Task<void> Lane::serve() {
    connected_ = true;
    broken_ = false;
    counters_.connected.store(true, std::memory_order_relaxed);
    counters_.reconnects.fetch_add(1, std::memory_order_relaxed);
    heard_ = Op::Clock::now();
    watch_silence();
    send_batches();
    while (!broken_) {
        const bool heard = co_await wire_->receive();
        heard_ = Op::Clock::now();
        // What came before the end is an answer too.
        if (!take_results() || !heard) break;
        send_batches();
        deliver();
    }
    lost();
}

/// Reads are sent once more on the next connection; what became of the writes nobody knows here.
void Lane::lost() {
    connected_ = false;
    counters_.connected.store(false, std::memory_order_relaxed);
    wire_->close();
    silence_timer_.cancel();
    std::vector<OpPtr> again;
    for (Flight& flight : flights_) {
        for (OpPtr& op : flight.batch.ops) {
            if (!op) continue;
            if (settings_.mode == Mode::write || op->resent) {
                answer(std::move(op), std::make_exception_ptr(Unavailable{}));
                continue;
            }
            op->resent = true;
            op->answer = {};
            op->queued = Op::Clock::now();
            again.push_back(std::move(op));
        }
    }
    flights_.clear();
    expected_.clear();
    pending_.insert(pending_.begin(), std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
    if (!pending_.empty() || !again_.empty()) watch_queue();
    deliver();
}

Task<void> Lane::pause(std::chrono::milliseconds time) {
    pause_timer_.expires_after(time);
    co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Lane::watch_silence() {
    silence_timer_.expires_after(std::chrono::milliseconds(500));
    silence_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self || !self->connected_) return;
        if (!self->flights_.empty() && Op::Clock::now() - self->heard_ > self->settings_.silence) {
            observe::warning("database connection given up: no answer", {{"connection", self->settings_.name}});
            self->wire_->interrupt();
            return;
        }
        self->watch_silence();
    });
}

/// While there is no connection: nothing waits longer than `reconnect_wait`.
void Lane::watch_queue() {
    if (watching_queue_) return;
    watching_queue_ = true;
    queue_timer_.expires_after(settings_.reconnect_wait / 4);
    queue_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->watching_queue_ = false;
        if (self->connected_ && !self->stopping_) return;
        self->expire_queue();
        if (!self->pending_.empty() || !self->again_.empty()) self->watch_queue();
        self->deliver();
    });
}

void Lane::expire_queue() {
    const auto limit = Op::Clock::now() - (stopping_ ? std::chrono::milliseconds(0) : settings_.reconnect_wait);
    const auto expire = [&](auto& ops) {
        for (OpPtr& op : ops)
            if (op->queued <= limit) answer(std::move(op), std::make_exception_ptr(Unavailable{}));
        std::erase(ops, nullptr);
    };
    expire(pending_);
    for (Batch& batch : again_) expire(batch.ops);
    std::erase_if(again_, [](const Batch& batch) { return batch.ops.empty(); });
}

Task<void> Lane::stop(std::chrono::milliseconds patience) {
    const auto self = shared_from_this();
    stopping_ = true;
    const auto deadline = Op::Clock::now() + patience;
    asio::steady_timer timer(context_);
    const auto idle = [this] { return pending_.empty() && again_.empty() && flights_.empty(); };
    while (connected_ && !idle() && Op::Clock::now() < deadline) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    pause_timer_.cancel();
    wire_->interrupt();
    while (running_) {
        pause_timer_.cancel();
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    queue_timer_.cancel();
    expire_queue();
    deliver();
}

void Lane::answer(OpPtr op, std::exception_ptr error) { answered_.push_back({std::move(op), std::move(error)}); }

void Lane::deliver() {
    // Answering may submit new statements, never answer more.
    for (std::vector<Answered> ready = std::exchange(answered_, {}); Answered & done : ready)
        done.op->complete(std::move(done.error));
}

LaneStats Lane::stats() const {
    LaneStats stats{.name = settings_.name,
                    .connected = counters_.connected.load(std::memory_order_relaxed),
                    .batches = counters_.batches.load(std::memory_order_relaxed),
                    .statements = counters_.statements.load(std::memory_order_relaxed),
                    .again = counters_.again.load(std::memory_order_relaxed),
                    .reconnects = counters_.reconnects.load(std::memory_order_relaxed)};
    for (std::size_t i = 0; i < stats.sizes.size(); ++i)
        stats.sizes[i] = counters_.sizes[i].load(std::memory_order_relaxed);
    return stats;
}

}  // namespace townhall::db
