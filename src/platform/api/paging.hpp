#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/api/endpoint.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"

namespace townhall::api {

/// Where a list goes on: text that only we can make, good for one route (and whatever else `purpose` names).
[[nodiscard]] std::string write_cursor(const guard::SignKey& key, std::string_view purpose, std::string_view position);

/// The position that `after` holds; nothing without one; 422 when it is forged or of another list.
[[nodiscard]] Result<std::optional<std::string>> read_cursor(const guard::SignKey& key, std::string_view purpose,
                                                             const std::optional<std::string>& after);

/// The same of a list whose positions are numbers: ids, or pages.
[[nodiscard]] Result<std::optional<std::int64_t>> read_number_cursor(const guard::SignKey& key,
                                                                     std::string_view purpose,
                                                                     const std::optional<std::string>& after);

/// The start of the oldest running transaction: a list read now holds all that had changed by then, and what commits
/// later has changed later. Read before the list.
inline constexpr db::Query<db::Timestamp()> kAsOf{
    "lists.as_of", db::Mode::read,
    "select least(now(), (select min(xact_start) from pg_stat_activity where datname = current_database()))"};

/// `page` and `after` are two ways to go through a list.
[[nodiscard]] Error page_and_after();

/// Lists count their items up to here, and call that an estimate: an exact number would cost a scan.
inline constexpr std::int64_t kMostCounted = 10'001;

/// Of `per_page + 1` items that were asked for, takes off the one too many, and says where the next page begins: behind
/// the last one, whose position `position_of` tells as text.
template <class T, class PositionOf>
void end_page(Page<T>& page, const guard::SignKey& key, std::string_view purpose, PositionOf position_of) {
    if (std::ssize(page.items) <= page.per_page) return;
    page.items.pop_back();
    page.next = write_cursor(key, purpose, position_of(page.items.back()));
}

/// RFC 8288: the link to the next page of the running request. The router adds it to every list.
[[nodiscard]] std::string link_to_next(const http::Request& request, std::string_view parameter,
                                       std::string_view value);
template <class T>
std::optional<std::string> link_to_next(const http::Request& request, const Page<T>& list) {
    if (list.next) return link_to_next(request, "after", *list.next);
    const bool more = list.page && list.total && *list.page * list.per_page < *list.total;
    if (!more || list.total_is_estimate) return std::nullopt;
    return link_to_next(request, "page", std::to_string(*list.page + 1));
}

}  // namespace townhall::api
