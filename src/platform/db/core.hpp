#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "platform/db/database.hpp"
#include "platform/db/lane.hpp"
#include "platform/db/op.hpp"
#include "platform/db/pool.hpp"

namespace townhall::db {

/// The context that runs a coroutine with this executor; nullptr where it is none (a strand, a thread pool).
[[nodiscard]] inline asio::io_context* context_of(const asio::any_io_executor& executor) {
    const auto* plain = executor.target<asio::io_context::executor_type>();
    return plain == nullptr ? nullptr : &asio::query(*plain, asio::execution::context);
}

/// Runs a task on a context's thread and comes back.
template <class T>
Task<T> on_context(asio::io_context& context, Task<T> task) {
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    if (context_of(here) == &context) co_return co_await std::move(task);
    co_return co_await asio::co_spawn(context, std::move(task), asio::use_awaitable);
}

/// What one core has of the database: four lanes and a share of the pool.
class Core {
  public:
    Core(asio::io_context& context, int index, const Options& options, QueryRegistry& registry);

    /// On the context's thread.
    void submit(OpPtr op);
    void connect() const;
    Task<void> stop(std::chrono::milliseconds patience) const;
    QueryCounters& counters(const char* name) { return counters_.of(name); }

    [[nodiscard]] asio::io_context& context() const { return context_; }
    [[nodiscard]] std::size_t index() const { return index_; }
    [[nodiscard]] const std::shared_ptr<Pool>& pool() const { return pool_; }
    template <class Visit>
    void each_lane(Visit visit) const {
        for (const auto& lane : lanes_) visit(*lane);
    }

  private:
    asio::io_context& context_;
    std::size_t index_;
    bool writes_;
    CountersCache counters_;
    std::shared_ptr<Pool> pool_;
    std::array<std::shared_ptr<Lane>, 4> lanes_;  // by identity, then by mode
};

/// A connection's settings for the pool's timeouts.
[[nodiscard]] WireSettings pool_wire(const Options& options, Identity identity);

/// What is wrong with a statement's declared types; on the pool's thread.
Task<std::optional<std::string>> check_statement(Pool& pool, Statement statement);

}  // namespace townhall::db
