#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "platform/api/error.hpp"
#include "platform/api/json.hpp"
#include "platform/api/maybe.hpp"
#include "platform/db/types.hpp"

/// One declaration per type of request or answer: `schema_of(std::type_identity<T>)`, found by ADL, lists the fields
/// with their rules. Parsing, validation (every fault at once), serialisation and the OpenAPI document come from it.
///
///     struct LogIn { std::string email; std::string password; };
///     constexpr auto schema_of(std::type_identity<LogIn>) {
///         return api::object("LogIn", api::field("email", &LogIn::email, api::email),
///                            api::field("password", &LogIn::password, api::max_len<1024>));
///     }
///
/// A field is required unless its type is std::optional, Maybe or carries `api::defaulted`. Enums declare
/// `constexpr auto enum_names(std::type_identity<E>)` returning std::array<std::pair<E, std::string_view>, N>.
namespace townhall::api {

enum class Format : std::uint8_t { none, email, blob, slug, time_zone };
enum class Place : std::uint8_t { body, path, query };

/// A text with a least length holds something beside these. describe_scalar says so by a pattern.
inline constexpr std::string_view kBlanks = " \t\r\n";

/// What a value must keep to, beyond its type. Lengths are Unicode code points; `most_items` bounds arrays.
struct Rules {
    std::optional<std::int64_t> least;
    std::optional<std::int64_t> most;
    std::uint32_t shortest = 0;
    std::uint32_t longest = 10'000;
    std::uint32_t most_items = 1'000;
    Format format = Format::none;
    bool defaulted = false;  // may be absent though its type is no optional
    bool hidden = false;     // taken, but not told in the documentation (the honeypot)
};

template <std::int64_t N>
inline constexpr auto min = [](Rules& rules) { rules.least = N; };
template <std::int64_t N>
inline constexpr auto max = [](Rules& rules) { rules.most = N; };
template <std::uint32_t N>
inline constexpr auto min_len = [](Rules& rules) { rules.shortest = N; };
template <std::uint32_t N>
inline constexpr auto max_len = [](Rules& rules) { rules.longest = N; };
template <std::uint32_t N>
inline constexpr auto max_items = [](Rules& rules) { rules.most_items = N; };
inline constexpr auto email = [](Rules& rules) { rules.format = Format::email, rules.longest = 254; };
inline constexpr auto slug = [](Rules& rules) { rules.format = Format::slug, rules.longest = 80; };
inline constexpr auto time_zone = [](Rules& rules) { rules.format = Format::time_zone, rules.longest = 64; };
inline constexpr auto defaulted = [](Rules& rules) { rules.defaulted = true; };
inline constexpr auto hidden = [](Rules& rules) { rules.hidden = true; };

template <class Owner, class T>
struct FieldSpec {
    using Type = T;
    std::string_view name;
    T Owner::* member;
    Place place;
    Rules rules;
};

template <class Owner, class T, class... R>
constexpr FieldSpec<Owner, T> field_at(Place place, std::string_view name, T Owner::* member, R... rules) {
    FieldSpec<Owner, T> spec{name, member, place, {}};
    (rules(spec.rules), ...);
    return spec;
}
/// A member of the JSON body (or of the answer).
template <class Owner, class T, class... R>
constexpr auto field(std::string_view name, T Owner::* member, R... rules) {
    return field_at(Place::body, name, member, rules...);
}
/// `{name}` of the path.
template <class Owner, class T, class... R>
constexpr auto path(std::string_view name, T Owner::* member, R... rules) {
    return field_at(Place::path, name, member, rules...);
}
/// A parameter of the query.
template <class Owner, class T, class... R>
constexpr auto query(std::string_view name, T Owner::* member, R... rules) {
    return field_at(Place::query, name, member, rules...);
}

template <class... Fields>
struct ObjectSchema {
    std::string_view name;
    std::tuple<Fields...> fields;
};
template <class... Fields>
constexpr ObjectSchema<Fields...> object(std::string_view name, Fields... fields) {
    return {name, std::tuple<Fields...>(fields...)};
}

template <class T>
concept HasSchema = requires { schema_of(std::type_identity<T>{}); };
template <class T>
concept HasNames = std::is_enum_v<T> && requires { enum_names(std::type_identity<T>{}); };

/// As it is written in JSON and queries; empty for a value without a name.
template <HasNames E>
constexpr std::string_view name_of(E value) {
    for (const auto& [named, name] : enum_names(std::type_identity<E>{}))
        if (named == value) return name;
    return {};
}

/// Calls `visit` with each FieldSpec of T.
template <HasSchema T, class Visit>
constexpr void each_field(Visit&& visit) {
    constexpr auto schema = schema_of(std::type_identity<T>{});
    std::apply([&](const auto&... fields) { (visit(fields), ...); }, schema.fields);
}

/// How many fields T has at that place.
template <class T>
constexpr std::size_t count_fields(Place place) {
    std::size_t count = 0;
    if constexpr (HasSchema<T>) each_field<T>([&](const auto& field) { count += field.place == place ? 1 : 0; });
    return count;
}
template <class T>
constexpr bool has_fields(Place place) {
    return count_fields<T>(place) > 0;
}

template <class T>
struct OptionalOf : std::false_type {
    using Value = T;
};
template <class T>
struct OptionalOf<std::optional<T>> : std::true_type {
    using Value = T;
};
template <class T>
struct OptionalOf<Maybe<T>> : std::true_type {
    using Value = T;
};
template <class T>
inline constexpr bool is_maybe = false;
template <class T>
inline constexpr bool is_maybe<Maybe<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

}  // namespace townhall::api

#include "platform/api/decode.hpp"
#include "platform/api/encode.hpp"
