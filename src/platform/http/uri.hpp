#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Percent-encoding and query strings. All pure; every input is taken to be hostile.
namespace townhall::http {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

enum class QueryFault : unsigned char { bad_escape, bad_utf8, nul, too_many };

[[nodiscard]] std::string_view to_string(QueryFault fault);  // a short sentence for people

/// Whether `bytes` is well-formed UTF-8 (no surrogates, nothing overlong, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// Undoes %XX, and turns '+' into a space when `plus_is_space`. Nothing when an escape is broken.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Encodes all but RFC 3986's unreserved characters, for use as one path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5): order and repeated names are kept, "a" is ("a",
/// ""). Names and values are valid UTF-8 without NUL; more than `most` pairs are refused.
[[nodiscard]] std::expected<QueryPairs, QueryFault> parse_query(std::string_view query, std::size_t most = 200);

/// The first value of a name, or nothing.
[[nodiscard]] std::optional<std::string_view> find_query(const QueryPairs& pairs, std::string_view name);

}  // namespace townhall::http
