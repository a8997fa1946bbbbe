#pragma once

#include <string>
#include <string_view>

namespace townhall::api {

/// What the header fields that every answer carries depend on.
struct CommonFields {
    std::string_view policy;  // Content-Security-Policy
    bool embeddable = false;  // other sites' pages may show it (Fetch Standard, section 3.7)
    bool by_origin = false;   // answers differ by origin (CORS)
};

/// Those fields, written out: what browsers must not do with the answer, and what it depends on. `secure`: for answers
/// that go by TLS (RFC 6797, section 7).
[[nodiscard]] std::string write_common_fields(const CommonFields& fields, bool secure);

}  // namespace townhall::api
