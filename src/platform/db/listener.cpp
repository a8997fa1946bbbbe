#include "platform/db/listener.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

#include "platform/db/errors.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db {
namespace {
constexpr std::chrono::milliseconds kPause{250};
constexpr std::chrono::milliseconds kPatience{3'000};
}  // namespace

Listener::Listener(asio::io_context& context, WireSettings settings)
    : context_(context),
      settings_(std::move(settings)),
      wire_(std::make_shared<Wire>(context)),
      pause_timer_(context) {}

void Listener::add(std::string channel, Callback callback) {
    if (stopping_) return;
    subscriptions_.push_back({.channel = std::move(channel), .callback = std::move(callback)});
    if (!running_) {
        running_ = true;
        asio::co_spawn(context_, [self = shared_from_this()]() -> Task<void> { return self->run(); }, asio::detached);
    } else if (waiting_) {
        wire_->interrupt();
    }
}

Task<void> Listener::run() {
    const auto self = shared_from_this();
    bool failed = false;
    while (!stopping_) {
        try {
            co_await wire_->open(settings_);
            failed = false;
            for (Subscription& subscription : subscriptions_) subscription.listening = false;
            co_await serve();
        } catch (const std::exception&) {
            if (!failed && !stopping_)
                observe::warning("database notifications interrupted", {{"reason", wire_->last_error()}});
            failed = true;
        }
        if (!stopping_) co_await pause();
    }
    wire_->close();
    running_ = false;
}

Task<void> Listener::serve() {
    for (;;) {
        co_await listen_to_new();
        dispatch();
        if (stopping_) co_return;
        // A callback may have added one.
        if (!std::ranges::all_of(subscriptions_, &Subscription::listening)) continue;
        waiting_ = true;
        const bool received = co_await wire_->receive();
        waiting_ = false;
        if (stopping_) co_return;
        // An interruption by `add` leaves a sound connection.
        if (!received && !wire_->resume()) throw Unavailable{};
    }
}

Task<void> Listener::listen_to_new() {
    // By index: a callback or another caller may add while this waits.
    for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
        if (subscriptions_[i].listening) continue;
        char* const quoted =
            PQescapeIdentifier(wire_->raw(), subscriptions_[i].channel.data(), subscriptions_[i].channel.size());
        if (quoted == nullptr) throw Unavailable{};
        const std::string sql = std::string("listen ") + quoted;
        PQfreemem(quoted);
        if (PQsendQueryParams(wire_->raw(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
            throw Unavailable{};
        const std::vector<Answer> answers = co_await wire_->finish_round(kPatience);
        for (const Answer& answer : answers)
            if (!sqlstate_of(answer).empty()) throw Unavailable{};
        subscriptions_[i].listening = true;
        call(Subscription(subscriptions_[i]), {});
    }
}

void Listener::dispatch() {
    while (PGnotify* const notice = PQnotifies(wire_->raw())) {
        const std::unique_ptr<PGnotify, void (*)(void*)> owned(notice, PQfreemem);
        for (std::size_t i = 0; i < subscriptions_.size(); ++i)
            if (subscriptions_[i].channel == notice->relname) call(Subscription(subscriptions_[i]), notice->extra);
    }
}

void Listener::call(const Subscription& subscription, std::string_view payload) {
    try {
        subscription.callback(payload);
    } catch (const std::exception&) {
        observe::error("a callback of a database notification failed", {{"channel", subscription.channel}});
    }
}

Task<void> Listener::pause() {
    pause_timer_.expires_after(kPause);
    co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

Task<void> Listener::stop() {
    const auto self = shared_from_this();
    stopping_ = true;
    asio::steady_timer timer(context_);
    while (running_) {
        pause_timer_.cancel();
        wire_->interrupt();
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace townhall::db
