#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/api/error.hpp"
#include "platform/http/message.hpp"

/// Entity tags, and the conditions that requests put on them (RFC 9110, sections 8.8.3 and 13.1).
///
/// A tag stands for bytes, so a compressed form has one of its own: `"x"` is `"x-gz"` or `"x-br"` then. All of them
/// name the same state, and each of them is taken wherever a client may name one.
namespace townhall::api {

/// A strong tag over a representation's bytes.
[[nodiscard]] std::string etag_of_bytes(std::string_view bytes);

/// The tag of a form: `suffix` is "-gz" or "-br". A weak tag stands for all forms already.
[[nodiscard]] std::string etag_of_form(std::string_view etag, std::string_view suffix);

/// Which of the tags of an `If-None-Match` is `etag`, or a form's of it, by weak comparison, and as the answer repeats
/// it; for `*` the tag itself.
[[nodiscard]] std::optional<std::string_view> known_tag(std::string_view if_none_match, std::string_view etag);

/// What a request asks of the state that it meets: its fields, each with all its lines as one list (RFC 9110, section
/// 5.3); nothing where it has none.
struct Conditions {
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
};
[[nodiscard]] Conditions conditions_of(const http::Request& request);

/// What stands in the way of a change to what now has this tag: 412 when `If-Match` names others, or `If-None-Match`
/// names it, by weak comparison (RFC 9110, section 13.2.2).
[[nodiscard]] std::optional<Error> check_change(const Conditions& conditions, std::string_view etag);

/// 412 when `If-Match` (absent: nullopt) names others than this tag, by strong comparison.
[[nodiscard]] std::optional<Error> check_if_match(std::optional<std::string_view> if_match, std::string_view etag);

}  // namespace townhall::api
