#include "platform/observe/cpu_pool.hpp"

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "platform/observe/log.hpp"

namespace townhall::observe {

namespace asio = boost::asio;

namespace {

/// Calls `handler(error)` on its own executor, which is kept alive until then.
template <class Handler, class Guard>
void complete(Handler handler, Guard guard, std::exception_ptr error) {
    asio::post(guard.get_executor(), asio::append(std::move(handler), std::move(error)));
    guard.reset();
}

std::exception_ptr thrown_by(std::move_only_function<void()>& work, Breaks& breaks) {
    std::exception_ptr thrown;
    breaks.begin();
    try {
        work();
    } catch (...) {
        thrown = std::current_exception();
    }
    breaks.end();
    return thrown;
}

std::size_t threads_of(const CpuPool::Options& options) {
    return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

CpuPool::CpuPool(Options options) : options_(options) {
    for (std::size_t i = 0; i < threads_of(options_); ++i) {
        threads_.emplace_back([this] { work_until_stopped(); });
    }
}

CpuPool::~CpuPool() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

bool CpuPool::push(Item item) {
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || queue_.size() >= options_.queue) return false;
        queue_.push_back(std::move(item));
    }
    ready_.notify_one();
    return true;
}

bool CpuPool::post(std::move_only_function<void()> work) {
    return push([work = std::move(work)](Breaks& breaks) mutable {
        if (const auto thrown = thrown_by(work, breaks)) failure("background work failed", thrown);
    });
}

Task<void> CpuPool::submit(std::move_only_function<void()> work) {
    // `work` is in this coroutine's frame, which the handler keeps.
    auto start = [this, &work](auto handler) {
        auto guard = asio::make_work_guard(handler);
        // Shared, so that a refused item gives its handler back.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        const bool accepted = push([&work, shared, guard](Breaks& breaks) mutable {
            auto thrown = thrown_by(work, breaks);
            complete(std::move(*shared), std::move(guard), std::move(thrown));
        });
        if (!accepted) complete(std::move(*shared), std::move(guard), std::make_exception_ptr(Overloaded{}));
    };
    co_await asio::async_initiate<const asio::deferred_t, void(std::exception_ptr)>(std::move(start), asio::deferred);
}

Task<void> CpuPool::stop() {
    auto start = [this](auto handler) {
        auto guard = asio::make_work_guard(handler);
        auto finish = [shared = std::make_shared<decltype(handler)>(std::move(handler)), guard]() mutable {
            complete(std::move(*shared), std::move(guard), nullptr);
        };
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
            if (!queue_.empty() || active_ > 0) {
                on_idle_.emplace_back(std::move(finish));
                ready_.notify_all();
                return;
            }
        }
        ready_.notify_all();
        finish();
    };
    co_await asio::async_initiate<const asio::deferred_t, void(std::exception_ptr)>(std::move(start), asio::deferred);
}

std::size_t CpuPool::waiting() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
}

void CpuPool::work_until_stopped() {
    const auto self = static_cast<id_t>(::syscall(SYS_gettid));
    ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + options_.nice);
    Breaks breaks(options_.rhythm);
    std::unique_lock lock(mutex_);
    while (true) {
        ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        ++active_;
        Item item = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        item(breaks);
        item = nullptr;  // what it owned dies outside the lock
        lock.lock();
        --active_;
        if (stopping_ && active_ == 0 && queue_.empty()) {
            for (auto& finish : std::exchange(on_idle_, {})) finish();
        }
    }
}

}  // namespace townhall::observe
