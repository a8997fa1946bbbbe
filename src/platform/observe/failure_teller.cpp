#include "platform/observe/failure_teller.hpp"

#include <utility>

#include "platform/observe/json_line.hpp"
#include "platform/observe/tell_trace.hpp"

namespace townhall::observe {

namespace {

constexpr std::size_t kMostWaiting = 256;

}  // namespace

FailureTeller::~FailureTeller() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

bool FailureTeller::add(Failure& failure) {
    {
        const std::scoped_lock lock(mutex_);
        if (waiting_.size() >= kMostWaiting) return false;
        waiting_.push_back(std::move(failure));
    }
    changed_.notify_all();
    return true;
}

void FailureTeller::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !telling_; });
}

void FailureTeller::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::vector<Failure> failures = std::exchange(waiting_, {});
        telling_ = true;
        lock.unlock();
        for (Failure& failure : failures) {
            try {
                end_line(failure);
                write_(failure.line);
            } catch (const std::exception&) {
                // Out of memory: the line is lost.
            }
        }
        lock.lock();
        telling_ = false;
        changed_.notify_all();
    }
}

void FailureTeller::end_line(Failure& failure) {
    const ToldTrace told = tell_trace(failure.trace, failure.type, symbols_);
    failure.line += R"(,"fingerprint":")" + told.fingerprint + R"(","trace":[)";
    for (const std::string& place : told.places) {
        if (&place != told.places.data()) failure.line += ',';
        append_json_string(failure.line, place);
    }
    failure.line += "]}\n";
}

}  // namespace townhall::observe
