#pragma once

#include <optional>
#include <string>

#include "platform/http/message.hpp"

namespace townhall::api {

/// The value of one preference of the request's `Prefer` (RFC 7240), like `30` of `wait=30`: empty where it has none,
/// nothing where it isn't among them. Of two the first counts.
[[nodiscard]] std::optional<std::string> preference(const http::Request& request, std::string_view name);

}  // namespace townhall::api
