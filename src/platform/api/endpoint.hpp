#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/api/error.hpp"
#include "platform/api/schema.hpp"
#include "platform/guard/principal.hpp"
#include "platform/http/message.hpp"

namespace townhall::api {

using http::Verb;
inline constexpr Verb get = Verb::get;
inline constexpr Verb post = Verb::post;
inline constexpr Verb put = Verb::put;
inline constexpr Verb patch = Verb::patch;
inline constexpr Verb del = Verb::del;

/// Who may call an endpoint.
enum class Who : std::uint8_t {
    anyone,     // public; a token is neither needed nor looked at
    signed_in,  // any user, outside of any campaign
    editor,     // website staff: editors and admins
    admin,
    member,  // in the acting campaign, with at least the endpoint's role; admins without a campaign are unscoped
};

struct Nothing {};  // In: no input; Out: no body
constexpr auto schema_of(std::type_identity<Nothing>) { return object("Nothing"); }

/// Out of an endpoint that writes its own bytes (CSV, a stream).
struct Raw {};

/// What every kind of endpoint has. A value, declared once beside its operation; everything else (routing, who may
/// call, limits, parsing, the OpenAPI document) comes from it.
template <class In, class Out>
struct Endpoint {
    Verb verb;
    std::string_view path;  // "/api/v1/voters/{id}"
    std::string_view summary;
    Who who = Who::member;
    Role role = Role::viewer;  // least role, where who == member
    int success = 200;
    std::array<const ErrorCode*, 6> errors = {};  // beyond those that any endpoint can give
    std::uint64_t body_limit = 1 << 20;           // bytes
    std::string_view out_type = "application/json";
    bool idempotent_post = false;  // takes Idempotency-Key
    bool raw_body = false;         // the operation reads the body itself (uploads)
};

/// One request on its way through an operation: for those that need more than their input.
struct Context {
    http::Request& request;
    Principal who;           // zero for Who::anyone
    std::string_view body;   // as received; empty where the operation reads it itself
    std::string_view route;  // the path's template

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const { return request.header(name); }
};

/// A value with what else its answer carries.
template <class T>
struct Answer {
    T value;
    int status = 0;         // 0: the endpoint's success
    std::string etag = {};  // quoted or weak, as it goes into the header
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::string> kept_body = {};  // in place of `value`: an earlier answer, given again
};

/// What a list answers.
template <class T>
struct Page {
    std::vector<T> items;
    std::optional<std::int64_t> page;  // none when paging by cursor
    std::int64_t per_page = 50;
    std::optional<std::int64_t> total;
    bool total_is_estimate = false;
    std::optional<std::string> next;     // cursor for `after`; none on the last page
    std::optional<db::Timestamp> as_of;  // the next `updated_since`
};
template <class T>
inline constexpr bool is_page = false;
template <class T>
inline constexpr bool is_page<Page<T>> = true;
template <HasSchema T>
constexpr auto schema_of(std::type_identity<Page<T>>) {
    return object(schema_of(std::type_identity<T>{}).name, field("items", &Page<T>::items),
                  field("page", &Page<T>::page), field("per_page", &Page<T>::per_page), field("total", &Page<T>::total),
                  field("total_is_estimate", &Page<T>::total_is_estimate), field("next", &Page<T>::next),
                  field("as_of", &Page<T>::as_of));
}

}  // namespace townhall::api
