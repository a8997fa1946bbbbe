#include "platform/observe/cpu_pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace townhall::observe {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Runs a coroutine to its end and rethrows what it threw.
void run(asio::io_context& context, std::function<Task<void>()> body) {
    std::exception_ptr failure;
    bool finished = false;
    asio::co_spawn(context, std::move(body), [&](std::exception_ptr error) {
        failure = std::move(error);
        finished = true;
    });
    context.restart();
    context.run();
    ASSERT_TRUE(finished);
    if (failure) std::rethrow_exception(failure);
}

TEST(CpuPool, ResumesOnTheCallersThreadWithTheValue) {
    asio::io_context context;
    CpuPool pool({.threads = 2});
    run(context, [&]() -> Task<void> {
        const auto here = std::this_thread::get_id();
        std::thread::id there;
        const std::string prefix = "a frame's own ";
        auto value = co_await pool.run([&] {
            there = std::this_thread::get_id();
            return std::make_unique<std::string>(prefix + "string");
        });
        EXPECT_EQ(*value, "a frame's own string");
        EXPECT_EQ(std::this_thread::get_id(), here);
        EXPECT_NE(there, here);
    });
}

TEST(CpuPool, RunsAtLowerPriority) {
    asio::io_context context;
    CpuPool pool({.threads = 1, .nice = 3});
    auto niceness = [] { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid))); };
    run(context, [&]() -> Task<void> { EXPECT_EQ(co_await pool.run(niceness), std::min(19, niceness() + 3)); });
}

TEST(CpuPool, TakesABreakAfterSoMuchWorkAndNoSooner) {
    using std::chrono::milliseconds;
    asio::io_context context;
    CpuPool pool({.threads = 1, .rhythm = {.work = milliseconds(1), .rest = milliseconds(3)}});
    const auto own_time = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    const auto sleeps = [] {
        rusage usage{};
        ::getrusage(RUSAGE_THREAD, &usage);
        return usage.ru_nvcsw;
    };
    run(context, [&]() -> Task<void> {
        const auto began = std::chrono::steady_clock::now();
        const auto breaks = co_await pool.run([&] {
            const auto before = sleeps();
            for (const auto until = own_time() + milliseconds(40); own_time() < until;) {
            }
            return sleeps() - before;
        });
        EXPECT_GE(breaks, 20);
        EXPECT_LE(breaks, 54);  // of 3/4 ms at least each
        EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(3) * breaks);
    });
}

TEST(CpuPool, PassesExceptionsOn) {
    asio::io_context context;
    CpuPool pool({.threads = 1});
    auto work = [&]() -> Task<void> { co_await pool.run([] { throw std::domain_error("no"); }); };
    EXPECT_THROW(run(context, work), std::domain_error);
}

TEST(CpuPool, RefusesWhatTheQueueCantHold) {
    asio::io_context context;
    CpuPool pool({.threads = 1, .queue = 2});
    std::latch started(1);
    std::latch go(1);
    int done = 0;
    int refused = 0;
    auto wait = [&]() -> Task<void> {
        co_await pool.run([&] {
            started.count_down();
            go.wait();
        });
        ++done;
    };
    auto quick = [&]() -> Task<void> {
        try {
            co_await pool.run([] {});
            ++done;
        } catch (const Overloaded&) {
            ++refused;
            go.count_down();
        }
    };
    asio::co_spawn(context, wait, asio::detached);
    context.poll();
    started.wait();
    for (int i = 0; i < 3; ++i) asio::co_spawn(context, quick, asio::detached);
    context.restart();
    context.run();
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(done, 3);
}

TEST(CpuPool, StopWaitsForWhatWasAcceptedAndRefusesTheRest) {
    asio::io_context context;
    CpuPool pool({.threads = 2});
    std::atomic<int> done = 0;
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(pool.post([&] {
            std::this_thread::sleep_for(5ms);
            ++done;
        }));
    }
    run(context, [&]() -> Task<void> {
        co_await pool.stop();
        EXPECT_EQ(done, 10);
        EXPECT_FALSE(pool.post([] {}));
        bool refused = false;
        try {
            co_await pool.run([] {});
        } catch (const Overloaded&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        co_await pool.stop();
    });
}

TEST(CpuPool, WorkThatThrowsWithNobodyWaitingHarmsNothing) {
    asio::io_context context;
    CpuPool pool({.threads = 1});
    ASSERT_TRUE(pool.post([] { throw std::runtime_error("x"); }));
    run(context, [&]() -> Task<void> { EXPECT_EQ(co_await pool.run([] { return 1; }), 1); });
}

}  // namespace
}  // namespace townhall::observe
