#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/db.hpp"

/// For tests: a Database with the threads that it needs.
namespace townhall::db::testing {

class Running {
  public:
    explicit Running(const std::string& conninfo, int cores = 2, const std::function<void(Options&)>& change = {}) {
        std::vector<boost::asio::io_context*> pointers;
        for (int i = 0; i < cores; ++i) pointers.push_back(&contexts_.emplace_back(1));
        Options options{.conninfo = conninfo};
        if (change) change(options);
        database_ = std::make_unique<Database>(pointers, options);
        for (auto& context : contexts_) {
            guards_.push_back(boost::asio::make_work_guard(context));
            threads_.emplace_back([&context] { context.run(); });
        }
        database_->start();
    }
    ~Running() {
        run(database_->stop());
        guards_.clear();
        for (auto& thread : threads_) thread.join();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }
    boost::asio::io_context& context(int core = 0) { return contexts_[static_cast<std::size_t>(core)]; }

    /// Runs a task on a core and waits for it.
    template <class T>
    T run(Task<T> task, int core = 0) {
        return boost::asio::co_spawn(context(core), std::move(task), boost::asio::use_future).get();
    }

    /// Runs `many` copies of a task at once, spread over the cores; each gets its number.
    void run_many(int many, const std::function<Task<void>(int)>& work) {
        std::vector<std::future<void>> futures;
        for (int i = 0; i < many; ++i)
            futures.push_back(boost::asio::co_spawn(context(i % static_cast<int>(contexts_.size())), work(i),
                                                    boost::asio::use_future));
        for (auto& future : futures) future.get();
    }

    /// The same on one core, started in one turn of its loop, so that what they ask for travels together.
    void run_together(int many, const std::function<Task<void>(int)>& work) {
        std::promise<std::vector<std::future<void>>> started;
        boost::asio::post(context(), [&] {
            std::vector<std::future<void>> futures;
            for (int i = 0; i < many; ++i)
                futures.push_back(boost::asio::co_spawn(context(), work(i), boost::asio::use_future));
            started.set_value(std::move(futures));
        });
        for (auto& future : started.get_future().get()) future.get();
    }

    static Task<void> sleep(std::chrono::milliseconds time) {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        timer.expires_after(time);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }

  private:
    std::deque<boost::asio::io_context> contexts_;
    std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
    std::unique_ptr<Database> database_;
    std::vector<std::thread> threads_;
};

}  // namespace townhall::db::testing
