#pragma once

#include <string>
#include <string_view>

namespace townhall::http {

/// Whether a client's X-Request-Id is kept: 1 to 128 of A–Z, a–z, 0–9, '.', '_', ':', '-'.
[[nodiscard]] bool is_request_id(std::string_view id);

/// Writes a fresh UUIDv7 (RFC 9562, section 5.7) over `into`: sortable by time, 74 random bits from the kernel. Cheap:
/// the kernel is asked once for many.
void make_request_id(std::string& into);

}  // namespace townhall::http
