#include "platform/db/database.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <fmt/format.h>

#include "platform/db/core.hpp"
#include "platform/db/errors.hpp"
#include "platform/db/listener.hpp"
#include "platform/db/sync/conninfo.hpp"

namespace townhall::db {

namespace detail {

void throw_row_count(const char* statement, int rows) {
    throw ShapeError(fmt::format("{}: {} rows, which the call does not expect", statement, rows));
}

Task<std::uint64_t> read_affected(Task<Answer> pending) {
    const Answer answer = co_await std::move(pending);
    co_return answer.affected();
}

}  // namespace detail

namespace {
/// One argument, because the Asio at hand can't await an (exception_ptr, value) without a frame of its own.
struct Reply {
    std::exception_ptr error;
    Answer answer;
};
}  // namespace

struct Database::Impl {
    Impl(std::span<asio::io_context* const> contexts, Options given) : options(std::move(given)) {
        options.conninfo = normalise_conninfo(options.conninfo);
        const int count = static_cast<int>(contexts.size());
        if (options.write_lanes <= 0) options.write_lanes = count;
        options.write_lanes = std::min(options.write_lanes, count);
        Options share = options;
        share.pool_size = std::max(1, options.pool_size / count);
        for (int i = 0; i < count; ++i) cores.emplace_back(*contexts[static_cast<std::size_t>(i)], i, share, registry);
        listener = std::make_shared<Listener>(*contexts[0], pool_wire(options, Identity::owner));
    }

    Core* core_of(const asio::any_io_executor& executor) {
        const asio::io_context* context = context_of(executor);
        for (Core& core : cores)
            if (&core.context() == context) return &core;
        return nullptr;
    }

    /// The caller's own core, or the first.
    Task<Core*> here() {
        Core* const core = core_of(co_await asio::this_coro::executor);
        co_return core == nullptr ? &cores.front() : core;
    }

    template <class Handler>
    void submit(OpPtr op, std::uint64_t key, Handler handler) {
        const asio::any_io_executor executor = asio::get_associated_executor(handler);
        Core* const home = core_of(executor);
        Core* target = home == nullptr ? &cores.front() : home;
        if (op->statement.mode == Mode::write)
            target = &cores[(key != 0 ? key : target->index()) % static_cast<std::size_t>(options.write_lanes)];
        if (target == home) {
            op->completion = [handler = std::move(handler)](std::exception_ptr error, Answer answer) mutable {
                std::move(handler)(Reply{std::move(error), std::move(answer)});
            };
            home->submit(std::move(op));
            return;
        }
        // The answer goes back to the caller's thread; until then its context must not think that it is out of work.
        op->completion = [handler = std::move(handler), work = asio::make_work_guard(executor)](
                             std::exception_ptr error, Answer answer) mutable {
            const auto back = work.get_executor();
            asio::post(back, [handler = std::move(handler), work = std::move(work), error = std::move(error),
                              answer = std::move(answer)]() mutable {
                std::move(handler)(Reply{std::move(error), std::move(answer)});
            });
        };
        asio::post(target->context(), [target, op = std::move(op)]() mutable { target->submit(std::move(op)); });
    }

    Task<Answer> run_in_lane(OpPtr op, std::uint64_t key) {
        Reply reply = co_await asio::async_initiate<const asio::deferred_t, void(Reply)>(
            [this, key](auto handler, OpPtr started) { submit(std::move(started), key, std::move(handler)); },
            asio::deferred, std::move(op));
        if (reply.error) std::rethrow_exception(std::move(reply.error));
        co_return std::move(reply.answer);
    }

    static Task<Answer> run_in_pool(Core& core, OpPtr op) {
        op->counters = &core.counters(op->statement.name);
        Answer answer;
        std::exception_ptr failure;
        try {
            answer = co_await core.pool()->run_alone(*op);
        } catch (const StatementError& refused) {
            failure = std::current_exception();
            op->sqlstate = refused.sqlstate();
        } catch (...) {
            failure = std::current_exception();
        }
        op->completion = [](const std::exception_ptr&, const Answer&) {};
        op->complete(failure);
        if (failure) std::rethrow_exception(failure);
        co_return answer;
    }

    Task<Answer> run(OpPtr op, Scope scope) {
        if (scope.campaign) op->campaign = std::to_string(*scope.campaign);
        if (!scope.pooled) co_return co_await run_in_lane(std::move(op), scope.key);
        Core& core = *co_await here();
        co_return co_await on_context(core.context(), run_in_pool(core, std::move(op)));
    }

    Options options;
    QueryRegistry registry;
    std::deque<Core> cores;
    std::shared_ptr<Listener> listener;
};

Database::Database(std::span<asio::io_context* const> contexts, Options options)
    : impl_(std::make_unique<Impl>(contexts, std::move(options))) {}

Database::~Database() = default;

void Database::start() {
    for (Core& core : impl_->cores) asio::post(core.context(), [&core] { core.connect(); });
}

Task<void> Database::stop() {
    co_await on_context(impl_->listener->context(), impl_->listener->stop());
    for (Core& core : impl_->cores) co_await on_context(core.context(), core.stop(impl_->options.stop_wait));
}

Task<Answer> Database::run(Scope scope, Statement statement, Parameters parameters) {
    auto op = std::make_unique<Op>(Op{.statement = statement, .parameters = std::move(parameters)});
    return impl_->run(std::move(op), scope);
}

Task<Answer> Database::run_composed(Scope scope, const char* name, Mode mode, std::string sql, std::vector<Oid> types,
                                    Parameters parameters) {
    auto op = std::make_unique<Op>(Op{.statement = {.name = name, .sql = nullptr, .mode = mode},
                                      .parameters = std::move(parameters),
                                      .named = false,
                                      .sql = std::move(sql),
                                      .types = std::move(types)});
    op->statement.sql = op->sql.c_str();
    op->statement.parameters = op->types;
    return impl_->run(std::move(op), scope);
}

void Database::listen(std::string channel, std::function<void(std::string_view)> callback) {
    asio::post(impl_->listener->context(),
               [listener = impl_->listener, channel = std::move(channel), callback = std::move(callback)]() mutable {
                   listener->add(std::move(channel), std::move(callback));
               });
}

namespace {
constexpr Query<std::int32_t()> kPing{"db.ping", Mode::read, "select 1"};
constexpr Query<std::tuple<std::string, bool>()> kFenceStands{
    "db.fence", Mode::read, "select current_user::text, row_security_active('campaign.campaign_voters')"};
}  // namespace

Task<bool> Database::healthy() {
    try {
        co_return co_await one(Scope::owner(), kPing) == 1;
    } catch (const std::exception&) {
        co_return false;
    }
}

Task<void> Database::check_fence() {
    const auto [role, fenced] = co_await one(Scope::of(0).slow(), kFenceStands);
    if (role != impl_->options.app_role || !fenced)
        throw std::runtime_error(
            "campaign connections are not fenced: row-level security is off for the role that they run as");
}

Task<std::optional<std::string>> Database::check(Statement statement) {
    const Core& core = impl_->cores.front();
    co_return co_await on_context(core.context(), check_statement(*core.pool(), statement));
}

Stats Database::stats() const {
    Stats stats;
    for (const Core& core : impl_->cores) {
        core.each_lane([&](const Lane& lane) { stats.lanes.push_back(lane.stats()); });
        core.pool()->add_to(stats.pool);
    }
    stats.queries = impl_->registry.stats();
    return stats;
}

// ---- Transactions
// ----------------------------------------------------------------------------------------------------

inline namespace async {

Transaction::Transaction(std::shared_ptr<Pool> pool, std::shared_ptr<Session> session, Scope scope)
    : pool_(std::move(pool)), session_(std::move(session)), scope_(scope) {}

Transaction::~Transaction() {
    // Only where its coroutine was destroyed midway: the connection is still in the transaction, so it is closed.
    if (!session_) return;
    asio::post(pool_->context(), [pool = pool_, session = std::move(session_)] { pool->abandon(session); });
}

Task<Answer> Transaction::run(Statement statement, Parameters parameters) {
    struct On {
        static Task<Answer> core(Pool& pool, Session& session, Statement what, Parameters values,
                                 std::optional<std::string> campaign, bool begin) {
            QueryCounters& counters = pool.counters(what);
            const auto from = Op::Clock::now();
            try {
                Answer answer = co_await session.execute({what, values, campaign, true, begin});
                counters.count_success(Op::Clock::now() - from);
                co_return answer;
            } catch (const StatementError& refused) {
                counters.count_failure(Op::Clock::now() - from, refused.sqlstate());
                throw;
            } catch (...) {
                counters.count_failure(Op::Clock::now() - from, {});
                throw;
            }
        }
    };
    if (!session_) throw ShapeError("a statement after the end of its transaction");
    const bool begin = !std::exchange(begun_, true);
    std::optional<std::string> campaign;
    if (begin && scope_.campaign) campaign = std::to_string(*scope_.campaign);
    co_return co_await on_context(
        pool_->context(), On::core(*pool_, *session_, statement, std::move(parameters), std::move(campaign), begin));
}

Task<void> Transaction::finish(bool keep) {
    static constexpr const char* kCommit = "commit";
    struct On {
        static Task<void> core(std::shared_ptr<Pool> pool, SessionPtr session, const char* sql) {
            std::exception_ptr failure;
            std::string tag;
            try {
                tag = co_await session->command(sql);
            } catch (...) {
                failure = std::current_exception();
            }
            pool->release(std::move(session));
            if (failure) std::rethrow_exception(failure);
            // The body went on after an error: PostgreSQL turns its COMMIT into a ROLLBACK.
            if (sql == kCommit && tag != "COMMIT") throw StatementError("25P02", "", "commit");
        }
        static Task<void> unused(std::shared_ptr<Pool> pool, SessionPtr session) {
            pool->release(std::move(session));
            co_return;
        }
    };
    if (!session_) co_return;
    SessionPtr session = std::move(session_);
    asio::io_context& context = pool_->context();
    if (!begun_) {
        co_await on_context(context, On::unused(pool_, std::move(session)));
    } else if (keep) {
        co_await on_context(context, On::core(pool_, std::move(session), kCommit));
    } else {
        try {
            co_await on_context(context, On::core(pool_, std::move(session), "rollback"));
        } catch (const std::exception&) {
            // A connection that is gone has undone it too.
        }
    }
}

}  // namespace async

Task<std::unique_ptr<Transaction>> Database::begin(Scope scope) {
    Core& core = *co_await impl_->here();
    const auto identity = scope.campaign ? Identity::app : Identity::owner;
    SessionPtr session = co_await on_context(core.context(), core.pool()->acquire(identity));
    co_return std::make_unique<Transaction>(core.pool(), std::move(session), scope);
}

Task<void> Database::before_retry(std::exception_ptr failure, int attempt) {
    constexpr int kMostAttempts = 3;
    try {
        std::rethrow_exception(failure);
    } catch (const StatementError& error) {
        const bool again = error.outcome() == Outcome::retry || is_stale_plan(error.sqlstate());
        if (!again || attempt >= kMostAttempts) throw;
    }
    co_await pause_before_retry(attempt);
}

}  // namespace townhall::db
