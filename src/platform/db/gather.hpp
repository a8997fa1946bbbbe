#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/task.hpp"

namespace boost::asio {
class io_context;
}

namespace townhall::db {

/// The queue behind Gather, which knows nothing of what it gathers.
class GatherQueue {
  public:
    /// Writes the items by one statement, all or none; fills in what became of each.
    using Write = std::function<Task<void>(std::span<void* const> items)>;

    GatherQueue(boost::asio::io_context& home, std::size_t most, Write write);
    ~GatherQueue();
    GatherQueue(const GatherQueue&) = delete;
    GatherQueue& operator=(const GatherQueue&) = delete;

    /// Returns once the item is written; `item` and what `marks` view must live until then. Throws what `write` threw
    /// for it.
    Task<void> wait(void* item, std::span<const std::string_view> marks);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Rows of many requests, written by one statement with an array per column.
///
/// PostgreSQL opens tables, indexes and checks once per statement, which for small inserts is most of the work: 25
/// contact forms in one statement cost it half of what 25 statements in one batch cost. While a statement is at the
/// server the next one waits in the lane, so that the server goes on while those of the first are answered, and the one
/// after it gathers. (Two at the server, in two lanes, were no faster, or slower: see docs/decisions.) Items that share
/// a mark would meet on a row, which one statement can't bear: the later one waits until the earlier one is written. A
/// refused statement is split in halves until the culprit stands alone; nobody else is refused with it.
///
/// May be used from any thread; `write` runs on the home context's. Outlives its callers.
template <class Item, class Outcome>
class Gather {
  public:
    struct Slot {
        Item item;
        std::optional<Outcome> outcome;
    };
    using Write = std::function<Task<void>(std::vector<Slot*>)>;
    using Marks = std::function<std::vector<std::string_view>(const Item&)>;

    /// `most`: items of one statement.
    Gather(boost::asio::io_context& home, std::size_t most, Marks marks, Write write)
        : marks_(std::move(marks)), queue_(home, most, [write = std::move(write)](std::span<void* const> items) {
              std::vector<Slot*> slots;
              slots.reserve(items.size());
              for (void* item : items) slots.push_back(static_cast<Slot*>(item));
              return write(std::move(slots));
          }) {}

    Task<Outcome> write(Item item) {
        Slot slot{std::move(item), std::nullopt};
        const std::vector<std::string_view> marks = marks_(slot.item);
        co_await queue_.wait(&slot, marks);
        co_return std::move(slot.outcome).value();
    }

  private:
    Marks marks_;
    GatherQueue queue_;
};

}  // namespace townhall::db
