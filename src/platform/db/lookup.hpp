#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "platform/db/database.hpp"

namespace townhall::db {

/// The queue behind Lookup, which knows nothing of the rows.
class LookupQueue {
  public:
    struct Wanted {
        std::int64_t id;
        void* row;  ///< where it goes: the caller's std::unique_ptr<Row>
    };
    /// Reads the rows of these ids, ascending, by one statement, and puts each where it goes.
    using Read = std::function<Task<void>(Scope scope, std::span<const Wanted> wanted)>;

    LookupQueue(std::span<boost::asio::io_context* const> contexts, Read read);
    ~LookupQueue();
    LookupQueue(const LookupQueue&) = delete;
    LookupQueue& operator=(const LookupQueue&) = delete;

    /// Returns once the row has been looked for; `wanted.row` must live until then. Throws what `read` threw.
    Task<void> wait(Scope scope, Wanted wanted);

  private:
    struct Core;
    std::vector<std::shared_ptr<Core>> cores_;
    Read read_;
};

/// Single rows by id, for many requests at once: those that a core's requests want in one turn of its event loop are
/// read by one statement for each scope. What PostgreSQL does to begin and end a statement is most of its work for one
/// row, and what we do for a result is too.
///
/// A request that is alone has the plain statement, and waits for nobody. Use from any thread; on the contexts' own
/// threads without a lock. Outlives its callers.
template <ColumnedRow Row>
class Lookup {
  public:
    using One = Query<Row(std::int64_t)>;
    using Many = Query<Row(std::vector<std::int64_t>)>;

    /// The same two statements for every scope of one kind.
    struct Statements {
        const One& one;
        const Many& many;  ///< `= any($1)`, in whatever order
    };

    /// `members` are for scopes of a campaign, `anybody` for the owner's.
    Lookup(Database& db, std::span<boost::asio::io_context* const> contexts, Statements members, Statements anybody)
        : db_(db),
          members_(members),
          anybody_(anybody),
          queue_(contexts, [this](Scope scope, auto wanted) { return read(scope, wanted); }) {}

    /// The row of that id, which its member `id` repeats; null where the scope sees none. On the heap, for it passes
    /// through many hands.
    Task<std::unique_ptr<Row>> find(Scope scope, std::int64_t id) {
        std::unique_ptr<Row> row;
        co_await queue_.wait(scope, {id, &row});
        co_return row;
    }

  private:
    /// PostgreSQL keeps a plan only where it seems to cost no more than one made for the very values. A plan that knows
    /// no values is taken to be for ten of them: fewer would have it plan anew each time.
    static constexpr std::size_t kFewest = 16;

    Task<void> read(Scope scope, std::span<const LookupQueue::Wanted> wanted) {
        const Statements& statements = scope.campaign ? members_ : anybody_;
        if (wanted.size() == 1) {
            auto row = co_await db_.optional(scope, statements.one, wanted.front().id);
            if (row) put(wanted.front(), *std::move(row));
            co_return;
        }
        std::vector<std::int64_t> ids;
        ids.reserve(std::max(wanted.size(), kFewest));
        for (const auto& one : wanted) ids.push_back(one.id);
        while (ids.size() < kFewest) ids.push_back(ids.back());
        for (Row& row : co_await db_.all(scope, statements.many, ids)) {
            const auto [first, last] = std::ranges::equal_range(wanted, row.id, {}, &LookupQueue::Wanted::id);
            if (first == last) continue;
            for (auto at = std::next(first); at != last; ++at) put(*at, row);
            put(*first, std::move(row));
        }
    }
    template <class Given>
    static void put(const LookupQueue::Wanted& wanted, Given&& row) {
        *static_cast<std::unique_ptr<Row>*>(wanted.row) = std::make_unique<Row>(std::forward<Given>(row));
    }

    Database& db_;
    Statements members_;
    Statements anybody_;
    LookupQueue queue_;
};

}  // namespace townhall::db
