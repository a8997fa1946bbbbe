#include "platform/db/lookup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <exception>

#include "platform/db/core.hpp"

namespace townhall::db {
namespace {

/// Rows of one statement: enough to share its costs, few enough that nobody waits for others' rows.
constexpr std::size_t kMost = 32;

struct Waiting {
    Scope scope;
    LookupQueue::Wanted wanted;
    std::move_only_function<void(std::exception_ptr)> done;
};

/// Those of one scope are neighbours, in the order of their ids.
auto place_of(const Waiting& waiting) {
    return std::tuple{waiting.scope.campaign, waiting.scope.pooled, waiting.wanted.id};
}
bool share_statement(const Waiting& a, const Waiting& b) {
    return a.scope.campaign == b.scope.campaign && a.scope.pooled == b.scope.pooled;
}

Task<void> settle(LookupQueue::Read read, std::vector<Waiting> group) {
    std::vector<LookupQueue::Wanted> wanted;
    wanted.reserve(group.size());
    for (const Waiting& waiting : group) wanted.push_back(waiting.wanted);
    std::exception_ptr failure;
    try {
        co_await read(group.front().scope, wanted);
    } catch (...) {
        failure = std::current_exception();
    }
    for (Waiting& waiting : group) waiting.done(failure);
}

}  // namespace

/// On its context's thread only.
struct LookupQueue::Core : std::enable_shared_from_this<Core> {
    Core(asio::io_context& context, Read how) : home(context), read(std::move(how)) {}

    void add(Waiting waiting) {
        queue.push_back(std::move(waiting));
        if (queue.size() > 1) return;
        // After what else is ready in this turn.
        asio::post(home, [self = shared_from_this()] { self->send(); });
    }

    void send() {
        std::vector<Waiting> all = std::exchange(queue, {});
        std::ranges::sort(all, {}, place_of);
        for (auto at = all.begin(); at != all.end();) {
            auto end = std::ranges::find_if_not(at, all.end(),
                                                [&](const Waiting& next) { return share_statement(*at, next); });
            end = at + std::min(end - at, static_cast<std::ptrdiff_t>(kMost));
            asio::co_spawn(home, settle(read, {std::make_move_iterator(at), std::make_move_iterator(end)}),
                           asio::detached);
            at = end;
        }
    }

    asio::io_context& home;
    Read read;
    std::vector<Waiting> queue;
};

LookupQueue::LookupQueue(std::span<asio::io_context* const> contexts, Read read) : read_(std::move(read)) {
    for (asio::io_context* context : contexts) cores_.push_back(std::make_shared<Core>(*context, read_));
}

LookupQueue::~LookupQueue() = default;

Task<void> LookupQueue::wait(Scope scope, Wanted wanted) {
    const asio::io_context* here = context_of(co_await asio::this_coro::executor);
    const auto core = std::ranges::find(cores_, here, [](const auto& one) { return &one->home; });
    if (core == cores_.end()) {
        co_await read_(scope, std::span(&wanted, 1));
        co_return;
    }
    co_await asio::async_initiate<const asio::deferred_t, void(std::exception_ptr)>(
        [&](auto handler) {
            (*core)->add({scope, wanted, [handler = std::move(handler)](std::exception_ptr failure) mutable {
                              std::move(handler)(std::move(failure));
                          }});
        },
        asio::deferred);
}

}  // namespace townhall::db
