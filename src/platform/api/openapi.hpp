#pragma once

#include <string>
#include <string_view>

#include "platform/api/router.hpp"

namespace townhall::api {

/// The OpenAPI 3.1 document of every endpoint that the router serves.
[[nodiscard]] std::string openapi(const Router& router, std::string_view version);

}  // namespace townhall::api
