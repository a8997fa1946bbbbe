#include "platform/db/pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>

#include "platform/db/errors.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db {

namespace {
constexpr int kMostAttempts = 3;
}

Task<void> pause_before_retry(int attempt) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    const auto longest = static_cast<unsigned>(10 << std::min(attempt, 5));
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(std::chrono::milliseconds(1 + random() % longest));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

Pool::Pool(asio::io_context& context, PoolSettings settings) : context_(context), settings_(std::move(settings)) {}

SessionPtr Pool::take_idle(Identity role) {
    // The latest first: the others may then be seen as superfluous by the server's own timeouts.
    for (std::size_t i = idle_.size(); i-- > 0;) {
        if (idle_[i]->role() != role) continue;
        SessionPtr session = std::move(idle_[i]);
        idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
        if (session->seems_alive()) return session;
        --open_;
    }
    return nullptr;
}

Task<SessionPtr> Pool::acquire(Identity role) {
    const auto self = shared_from_this();
    if (stopping_) throw Unavailable{};
    SessionPtr session;
    if (waiters_.empty()) {
        session = take_idle(role);
        if (!session && open_ == settings_.size && !idle_.empty()) {
            idle_.erase(idle_.begin());  // of the other role: its place is needed
            --open_;
        }
    }
    if (!session) {
        if (waiters_.empty() && open_ < settings_.size)
            ++open_;
        else
            session = co_await wait_for_slot();
        if (!session || session->role() != role || !session->seems_alive()) session = co_await open(role);
    }
    ++in_use_;
    co_return session;
}

/// The slot is counted in `open_` already; the connection that comes with it may be of the other role, or none.
Task<SessionPtr> Pool::wait_for_slot() {
    const auto waiter = std::make_shared<Waiter>(context_);
    waiters_.push_back(waiter);
    ++waiting_;
    const auto from = Op::Clock::now();
    waiter->timer.expires_after(settings_.wait);
    co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    --waiting_;
    if (!waiter->granted) {
        ++refused_;
        std::erase(waiters_, waiter);
        throw Unavailable{};
    }
    waited_.observe(Op::Clock::now() - from);
    co_return std::move(waiter->session);
}

Task<SessionPtr> Pool::open(Identity role) {
    auto session = std::make_shared<Session>(context_, role, settings_.named_statements, settings_.patience);
    std::exception_ptr failure;
    try {
        co_await session->open(role == Identity::owner ? settings_.owner : settings_.app);
        if (stopping_) throw Unavailable{};
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        pass_on(nullptr);
        std::rethrow_exception(failure);
    }
    co_return session;
}

void Pool::release(SessionPtr session) {
    --in_use_;
    if (stopping_ || !session->is_idle()) session = nullptr;
    pass_on(std::move(session));
}

void Pool::abandon(const SessionPtr& session) {
    --in_use_;
    session->close();
    pass_on(nullptr);
}

void Pool::pass_on(SessionPtr session) {
    if (!waiters_.empty()) {
        const auto waiter = std::move(waiters_.front());
        waiters_.pop_front();
        waiter->granted = true;
        waiter->session = std::move(session);
        waiter->timer.cancel();
    } else if (session) {
        idle_.push_back(std::move(session));
    } else {
        --open_;
    }
}

Task<Answer> Pool::run_alone(const Op& op) {
    const auto self = shared_from_this();
    for (int attempt = 1;; ++attempt) {
        SessionPtr session = co_await acquire(op.campaign ? Identity::app : Identity::owner);
        std::exception_ptr failure;
        try {
            Answer answer = co_await session->execute({op.statement, op.parameters, op.campaign, op.named});
            release(std::move(session));
            co_return answer;
        } catch (...) {
            failure = std::current_exception();
        }
        release(std::move(session));
        try {
            std::rethrow_exception(failure);
        } catch (const StatementError& error) {
            const bool again = error.outcome() == Outcome::retry || is_stale_plan(error.sqlstate());
            if (!again || attempt == kMostAttempts) throw;
        }
        co_await pause_before_retry(attempt);
    }
}

void Pool::adopt(OpPtr op) {
    ++adopted_;
    asio::co_spawn(
        context_,
        [self = shared_from_this(), op = std::move(op)]() mutable -> Task<void> {
            std::exception_ptr failure;
            try {
                op->answer = co_await self->run_alone(*op);
            } catch (const StatementError& refused) {
                failure = std::current_exception();
                op->sqlstate = refused.sqlstate();
            } catch (...) {
                failure = std::current_exception();
            }
            --self->adopted_;
            op->complete(std::move(failure));
        },
        asio::detached);
}

Task<void> Pool::stop(std::chrono::milliseconds patience) {
    const auto self = shared_from_this();
    const auto deadline = Op::Clock::now() + patience;
    asio::steady_timer timer(context_);
    stopping_ = true;
    for (const auto& waiter : waiters_) waiter->timer.cancel();
    while ((in_use_ > 0 || adopted_ > 0) && Op::Clock::now() < deadline) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    open_ -= static_cast<int>(idle_.size());
    idle_.clear();
}

void Pool::add_to(PoolStats& stats) const {
    stats.size += settings_.size;
    stats.open += open_;
    stats.in_use += in_use_;
    stats.waiting += waiting_;
    stats.refused += refused_;
    waited_.add_to(stats.waited);
}

}  // namespace townhall::db
