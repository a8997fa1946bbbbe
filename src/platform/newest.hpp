#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace townhall {

/// The newest of something immutable that is swapped whole, for every thread. Reading takes no lock and counts no
/// reference: each thread keeps its own pointer and looks only at a version number, until there is something newer.
template <class T>
class Newest {
  public:
    explicit Newest(std::shared_ptr<const T> first = nullptr) : value_(std::move(first)), version_(next_version()) {}

    void put(std::shared_ptr<const T> next) {
        const std::lock_guard lock(mutex_);
        value_.swap(next);  // what it held is let go of after the lock
        version_.store(next_version(), std::memory_order_release);
    }

    /// Null as long as that is what was put. Valid until this thread calls `get` again, for whichever T of this type:
    /// use it before the next suspension.
    [[nodiscard]] const T* get() const {
        thread_local std::uint64_t version = 0;
        thread_local std::shared_ptr<const T> mine;
        if (version_.load(std::memory_order_acquire) != version) {
            const std::lock_guard lock(mutex_);
            mine = value_;
            version = version_.load(std::memory_order_relaxed);
        }
        return mine.get();
    }

  private:
    /// Distinct across all holders, so that a thread's pointer can't be taken for another's.
    static std::uint64_t next_version() {
        static std::atomic<std::uint64_t> last{0};
        return last.fetch_add(1, std::memory_order_relaxed) + 1;
    }

    mutable std::mutex mutex_;  // guards `value_`
    std::shared_ptr<const T> value_;
    std::atomic<std::uint64_t> version_;
};

}  // namespace townhall
