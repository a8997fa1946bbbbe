#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/http/message.hpp"

namespace townhall::api {

/// Whose scripts may call from a browser (Fetch Standard, section 3.2): the origins of an exact list. Credentials are
/// never allowed: there are no cookies, and a token that the script itself sends needs none. Only read: any thread.
class Cors {
  public:
    Cors() = default;  // nobody's
    explicit Cors(const std::vector<std::string>& origins);

    /// Whether answers differ by origin at all.
    [[nodiscard]] bool any() const { return !allowed_.empty(); }

    /// Header fields of the answer to this request, written out; empty where it comes from no such origin. Valid as
    /// long as this object.
    [[nodiscard]] std::string_view fields(const http::Request& request) const;

    /// Answers a browser's question before the request, where it is one (RFC 9110 has no name for it; Fetch calls it
    /// preflight). `methods` are those of the path.
    [[nodiscard]] bool answer_preflight(const http::Request& request, std::string_view methods,
                                        http::Response& response) const;

  private:
    std::vector<std::pair<std::string, std::string>> allowed_;  // origin, fields
};

/// Whether browsers could send this as `Origin`: "http(s)://host[:port]" in small letters, without a path and without
/// the scheme's own port. "null" and "*" are none: they would let in anybody.
[[nodiscard]] bool is_origin(std::string_view text);

}  // namespace townhall::api
