#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/api/endpoint.hpp"
#include "platform/guard/seal.hpp"

namespace townhall::api {

/// Where a list goes on: text that only we can make, good for one route (and whatever else `purpose` names).
[[nodiscard]] std::string write_cursor(const guard::SignKey& key, std::string_view purpose, std::string_view position);

/// The position that `after` holds; nothing without one; 422 when it is forged or of another list.
[[nodiscard]] Result<std::optional<std::string>> read_cursor(const guard::SignKey& key, std::string_view purpose,
                                                             const std::optional<std::string>& after);

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
