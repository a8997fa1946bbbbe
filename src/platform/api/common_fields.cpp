#include "platform/api/common_fields.hpp"

#include <fmt/format.h>

namespace townhall::api {

std::string write_common_fields(const CommonFields& fields, bool secure) {
    return fmt::format(
        "X-Content-Type-Options: nosniff\r\n"
        "X-Frame-Options: DENY\r\n"
        "X-XSS-Protection: 0\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Cross-Origin-Resource-Policy: {}\r\n"
        "Content-Security-Policy: {}\r\n"
        "{}"
        "Vary: Accept-Encoding{}\r\n",
        fields.embeddable ? "cross-origin" : "same-origin", fields.policy,
        secure ? "Strict-Transport-Security: max-age=31536000\r\n" : "", fields.by_origin ? ", Origin" : "");
}

}  // namespace townhall::api
