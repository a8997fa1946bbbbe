#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "platform/observe/breaks.hpp"
#include "platform/task.hpp"

namespace townhall::observe {

/// The pool's queue is full, or it is stopping: the request is answered 503.
struct Overloaded : std::runtime_error {
    Overloaded() : std::runtime_error("too much work is waiting") {}
};

/// A bounded pool of threads, at lower priority than the I/O threads, for work that computes or blocks: password
/// hashes, fsync, compression. At most `queue` items wait; more are refused rather than kept waiting.
///
/// Destroy it before the io_contexts of those who await it.
class CpuPool {
  public:
    struct Options {
        unsigned threads = 0;     // 0: one per core
        std::size_t queue = 256;  // items that may wait
        int nice = 5;             // added to the process's niceness, for these threads only
        Rhythm rhythm = {};       // of each thread, while it works
    };

    CpuPool() : CpuPool(Options{}) {}
    explicit CpuPool(Options options);
    ~CpuPool();
    CpuPool(const CpuPool&) = delete;
    CpuPool& operator=(const CpuPool&) = delete;

    /// Runs `work()` on a thread of the pool and resumes on the caller's executor with its value or its exception.
    /// Throws `Overloaded`. Can't be cancelled: what `work` refers to in the caller's frame stays alive until it has
    /// run.
    template <class F>
    Task<std::invoke_result_t<F&>> run(F work) {
        using Result = std::invoke_result_t<F&>;
        if constexpr (std::is_void_v<Result>) {
            co_await submit([&work] { work(); });
        } else {
            std::optional<Result> result;
            co_await submit([&work, &result] { result.emplace(work()); });
            co_return std::move(*result);
        }
    }

    /// Runs `work()` some time later, with nobody waiting. False when the queue is full or the pool stops. What it
    /// throws is logged.
    [[nodiscard]] bool post(std::move_only_function<void()> work);

    /// Takes no more work and waits until what was accepted is done.
    Task<void> stop();

    /// Items waiting, for metrics.
    [[nodiscard]] std::size_t waiting() const;

  private:
    Task<void> submit(std::move_only_function<void()> work);
    /// What is done on a thread; it begins and ends the breaks of its work, so that none falls into what wakes others.
    using Item = std::move_only_function<void(Breaks&)>;

    [[nodiscard]] bool push(Item item);
    void work_until_stopped();

    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Item> queue_;
    std::vector<std::move_only_function<void()>> on_idle_;  // told once, when stopping and nothing is left
    std::size_t active_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace townhall::observe
