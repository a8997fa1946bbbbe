#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/api/error.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/permit.hpp"
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

struct Nothing {};  // In: no input; Out: no body
constexpr auto schema_of(std::type_identity<Nothing>) { return object("Nothing"); }

/// Out of an endpoint that writes its own bytes (CSV, a stream).
struct Raw {};

/// Content-Security-Policy of what is data and no page: a browser that is made to show it runs and loads nothing.
inline constexpr std::string_view kDataPolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The body of an upload, as OpenAPI describes it.
inline constexpr std::string_view kFileBody =
    R"({"required":true,"content":{"multipart/form-data":{"schema":{"type":"object",)"
    R"("properties":{"file":{"type":"string","format":"binary"}},"required":["file"]}}}})";

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
    int other_success = 0;                        // where there are two: 201 beside 202
    std::array<const ErrorCode*, 8> errors = {};  // beyond those that any endpoint can give
    std::uint64_t body_limit = 1 << 20;           // bytes
    std::string_view out_type = "application/json";
    std::string_view out_schema = {};       // JSON Schema of what an endpoint of Raw answers, where it is JSON
    std::string_view policy = kDataPolicy;  // Content-Security-Policy of the answer
    bool embeddable = false;                // pages of other sites may show it, as they do images
    bool has_etag = false;                  // may be answered 304 or 412; as are all GETs of an item by its path
    bool secret = false;                    // the answer holds a token: never compressed (BREACH) and never kept
    bool idempotent_post = false;           // takes Idempotency-Key
    // Where the operation reads the body itself: the body as OpenAPI describes it.
    std::string_view raw_body = {};
};

/// One request on its way through an operation: for those that need more than their input.
struct Context {
    http::Request& request;
    Principal who;           // zero for Who::anyone
    std::string_view body;   // as received; empty where the operation reads it itself
    std::string_view route;  // the path's template
    const Permit& permit;    // by which `who` was let in

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const { return request.header(name); }
    [[nodiscard]] Conditions conditions() const { return conditions_of(request); }
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
