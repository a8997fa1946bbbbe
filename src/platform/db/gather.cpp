#include "platform/db/gather.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <string_view>
#include <unordered_set>

#include "platform/db/core.hpp"
#include "platform/db/errors.hpp"

namespace townhall::db {

/// Statements under way: one at the server, and one behind it in the lane, so that the server goes on while we answer
/// those of the first.
constexpr int kStatements = 2;

/// On the home context's thread, but for `submit`.
struct GatherQueue::State : std::enable_shared_from_this<State> {
    struct Waiting {
        void* item;
        std::span<const std::string_view> marks;
        std::move_only_function<void(std::exception_ptr)> done;
    };

    State(asio::io_context& context, std::size_t size, Write how) : home(context), most(size), write(std::move(how)) {}

    template <class Handler>
    void submit(void* item, std::span<const std::string_view> marks, Handler handler) {
        // The answer goes back to the caller's thread; until then its context must not think that it is out of work.
        auto work = asio::make_work_guard(asio::get_associated_executor(handler));
        Waiting waiting{
            item, marks, [handler = std::move(handler), work = std::move(work)](std::exception_ptr failure) mutable {
                const auto back = work.get_executor();
                asio::dispatch(back,
                               [handler = std::move(handler), work = std::move(work),
                                failure = std::move(failure)]() mutable { std::move(handler)(std::move(failure)); });
            }};
        asio::dispatch(home, [self = shared_from_this(), waiting = std::move(waiting)]() mutable {
            self->queue.push_back(std::move(waiting));
            self->start();
        });
    }

    void start() {
        if (running == kStatements) return;
        ++running;
        // After what else is ready in this turn, so that the first statement finds company too.
        asio::post(home, [self = shared_from_this()] { asio::co_spawn(self->home, self->run(), asio::detached); });
    }

    Task<void> run() {
        const auto self = shared_from_this();
        while (!queue.empty()) {
            std::vector<Waiting> batch = take();
            if (batch.empty()) break;  // all of them wait for what is under way, and are taken after that
            co_await settle(batch);
        }
        --running;
    }

    /// What can be written by one statement: in order of arrival, but for those that would meet another of it, or of
    /// one that is under way.
    std::vector<Waiting> take() {
        std::vector<Waiting> batch;
        std::deque<Waiting> later;
        std::unordered_multiset<std::string_view> taken = under_way;
        while (!queue.empty() && batch.size() < most) {
            Waiting& next = queue.front();
            const bool free = std::ranges::none_of(next.marks, [&](auto mark) { return taken.contains(mark); });
            // Of one that waits, too: those after it must not overtake it.
            taken.insert(next.marks.begin(), next.marks.end());
            if (free) {
                under_way.insert(next.marks.begin(), next.marks.end());
                batch.push_back(std::move(next));
            } else {
                later.push_back(std::move(next));
            }
            queue.pop_front();
        }
        queue.insert(queue.begin(), std::make_move_iterator(later.begin()), std::make_move_iterator(later.end()));
        return batch;
    }

    Task<void> settle(std::span<Waiting> batch) {
        std::exception_ptr failure;
        bool refused = false;
        try {
            std::vector<void*> items;
            items.reserve(batch.size());
            for (const Waiting& waiting : batch) items.push_back(waiting.item);
            co_await write(items);
        } catch (const StatementError&) {
            failure = std::current_exception();
            refused = true;
        } catch (...) {
            failure = std::current_exception();
        }
        if (refused && batch.size() > 1) {
            co_await settle(batch.first(batch.size() / 2));
            co_await settle(batch.subspan(batch.size() / 2));
            co_return;
        }
        for (const Waiting& waiting : batch)
            for (const auto mark : waiting.marks) under_way.erase(under_way.find(mark));
        for (Waiting& waiting : batch) waiting.done(failure);
    }

    asio::io_context& home;
    std::size_t most;
    Write write;
    std::deque<Waiting> queue;
    std::unordered_multiset<std::string_view> under_way;  // marks of items in statements
    int running = 0;
};

GatherQueue::GatherQueue(asio::io_context& home, std::size_t most, Write write)
    : state_(std::make_shared<State>(home, most, std::move(write))) {}

GatherQueue::~GatherQueue() = default;

Task<void> GatherQueue::wait(void* item, std::span<const std::string_view> marks) {
    co_await asio::async_initiate<const asio::deferred_t, void(std::exception_ptr)>(
        [state = state_, item, marks](auto handler) { state->submit(item, marks, std::move(handler)); },
        asio::deferred);
}

}  // namespace townhall::db
