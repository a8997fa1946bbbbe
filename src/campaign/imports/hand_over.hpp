#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "campaign/imports/chunk.hpp"

namespace townhall::campaign {

/// Hands chunks from one thread to another; the giver waits while two are underway.
class HandOver {
  public:
    /// False when the taker has given up.
    bool give(std::unique_ptr<Chunk> chunk) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || chunks_.size() < 2; });
        if (closed_) return false;
        chunks_.push_back(std::move(chunk));
        changed_.notify_all();
        return true;
    }
    /// Null at the end.
    std::unique_ptr<Chunk> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || ended_ || !chunks_.empty(); });
        if (closed_ || chunks_.empty()) return nullptr;
        auto chunk = std::move(chunks_.front());
        chunks_.pop_front();
        changed_.notify_all();
        return chunk;
    }
    /// Nothing more will be given.
    void end() {
        const std::scoped_lock lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    /// Either side gives up: what is underway is dropped.
    void close() {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        chunks_.clear();
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Chunk>> chunks_;
    bool ended_ = false;
    bool closed_ = false;
};

}  // namespace townhall::campaign
