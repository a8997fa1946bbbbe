#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/db/op.hpp"
#include "platform/db/scope.hpp"
#include "platform/db/stats.hpp"
#include "platform/db/wire.hpp"

namespace townhall::db {

/// Who a connection is: the owner of everything, or the role behind the fence.
enum class Identity : std::uint8_t { owner, app };

/// One connection of the pool. At most one round of commands at a time, on its context's thread.
class Session {
  public:
    Session(asio::io_context& context, Identity role, bool named, std::chrono::milliseconds patience)
        : wire_(std::make_shared<Wire>(context)), role_(role), named_(named), patience_(patience) {}

    Task<void> open(const WireSettings& settings) { return wire_->open(settings); }

    void close() { wire_->close(); }

    struct Call {
        const Statement& statement;
        const Parameters& parameters;
        const std::optional<std::string>& campaign;  ///< set first, where there is one
        bool named = true;
        bool begin = false;  ///< opens a transaction first
    };
    /// Throws StatementError or Unavailable.
    Task<Answer> execute(Call call);
    /// `begin`, `commit` and such; the command's tag.
    Task<std::string> command(const char* sql);
    /// The types that the server finds in a statement; throws StatementError.
    Task<Answer> describe(const Statement& statement);

    [[nodiscard]] Identity role() const { return role_; }
    [[nodiscard]] const std::string& last_error() const { return wire_->last_error(); }
    /// Connected, and in no transaction.
    [[nodiscard]] bool is_idle() const;
    [[nodiscard]] bool seems_alive() { return is_idle() && wire_->seems_alive(); }

  private:
    /// False: nothing more can be sent.
    bool send_call(const Call& call, bool& prepares);

    std::shared_ptr<Wire> wire_;
    Identity role_;
    bool named_;
    std::chrono::milliseconds patience_;
};

using SessionPtr = std::shared_ptr<Session>;

struct PoolSettings {
    CountersCache& counters;
    WireSettings owner;
    WireSettings app;
    int size = 1;
    bool named_statements = true;
    std::chrono::milliseconds wait{2'000};
    std::chrono::milliseconds patience{31'000};  ///< for one round; longer than the server's statement_timeout
};

/// A core's connections for transactions and for statements that may take long. Bounded; who waits is served in the
/// order of arrival, or refused at the deadline. Used on its context's thread only.
class Pool : public std::enable_shared_from_this<Pool> {
  public:
    Pool(asio::io_context& context, PoolSettings settings);

    /// Throws Unavailable when none comes free in time, or none can be opened.
    Task<SessionPtr> acquire(Identity role);
    /// Gives a connection back; one that is in a transaction, or broken, is closed.
    void release(SessionPtr session);
    /// The same for one whose user is gone in the middle of something: it is closed.
    void abandon(const SessionPtr& session);

    /// Runs one statement in a transaction of its own; after a deadlock, again.
    Task<Answer> run_alone(const Op& op);
    /// The same for a lane, completing the op.
    void adopt(OpPtr op);

    Task<void> stop(std::chrono::milliseconds patience);

    [[nodiscard]] asio::io_context& context() const { return context_; }
    QueryCounters& counters(const Statement& statement) { return settings_.counters.of(statement.name); }
    /// From any thread.
    void add_to(PoolStats& stats) const;

  private:
    struct Waiter {
        explicit Waiter(asio::io_context& context) : timer(context) {}
        asio::steady_timer timer;
        bool granted = false;
        SessionPtr session;
    };
    Task<SessionPtr> wait_for_slot();
    Task<SessionPtr> open(Identity role);
    SessionPtr take_idle(Identity role);
    void pass_on(SessionPtr session);

    asio::io_context& context_;
    PoolSettings settings_;
    std::vector<SessionPtr> idle_;
    std::deque<std::shared_ptr<Waiter>> waiters_;
    bool stopping_ = false;
    int adopted_ = 0;
    // Written on the context's thread, read by `stats`.
    std::atomic<int> open_{0};
    std::atomic<int> in_use_{0};
    std::atomic<int> waiting_{0};
    std::atomic<std::uint64_t> refused_{0};
    observe::LocalHistogram waited_;
};

/// Before the next attempt of whatever lost against another transaction.
Task<void> pause_before_retry(int attempt);

}  // namespace townhall::db
