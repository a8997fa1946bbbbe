#pragma once

// Part of schema.hpp: from declared types into JSON.

#include "platform/api/etag.hpp"
#include "platform/api/schema.hpp"

namespace townhall::api {

inline void encode(std::string& out, bool value) { out += value ? "true" : "false"; }
inline void encode(std::string& out, std::int64_t value) { json::write_integer(out, value); }
inline void encode(std::string& out, std::uint64_t value) {
    json::write_integer(out, static_cast<std::int64_t>(value));
}
inline void encode(std::string& out, int value) { json::write_integer(out, value); }
inline void encode(std::string& out, std::int16_t value) { json::write_integer(out, value); }
inline void encode(std::string& out, double value) { json::write_double(out, value); }
inline void encode(std::string& out, std::string_view value) { json::write_string(out, value); }
inline void encode(std::string& out, const std::string& value) { json::write_string(out, value); }
void encode(std::string& out, db::Timestamp value);
void encode(std::string& out, db::Date value);
void encode(std::string& out, const db::Uuid& value);
void encode(std::string& out, const db::Json& value);  // spliced in as it is

template <HasNames E>
void encode(std::string& out, E value) {
    const std::string_view name = name_of(value);
    if (name.empty())
        out += "null";
    else
        json::write_string(out, name);
}

template <HasSchema T>
void encode(std::string& out, const T& value);

template <class T>
void encode(std::string& out, const std::vector<T>& values) {
    out += '[';
    bool first = true;
    for (const auto& value : values) {
        if (!std::exchange(first, false)) out += ',';
        encode(out, value);
    }
    out += ']';
}

template <class T>
void encode(std::string& out, const std::optional<T>& value) {
    if (value)
        encode(out, *value);
    else
        out += "null";
}

template <class T>
void encode(std::string& out, const Maybe<T>& value) {
    encode(out, value.value());
}

template <HasSchema T>
void encode(std::string& out, const T& value) {
    out += '{';
    bool first = true;
    each_field<T>([&](const auto& field) {
        using F = typename std::remove_cvref_t<decltype(field)>::Type;
        if (field.place != Place::body) return;
        if constexpr (is_maybe<F>) {
            if (!(value.*field.member).present()) return;
        }
        // Field names are identifiers: nothing in them needs escaping.
        out += std::exchange(first, false) ? "\"" : ",\"";
        out += field.name;
        out += "\":";
        encode(out, value.*field.member);
    });
    out += '}';
}

/// The tag of an answer that shows this value.
template <HasSchema T>
[[nodiscard]] std::string etag_of_value(const T& value) {
    std::string shown;
    encode(shown, value);
    return etag_of_bytes(shown);
}

}  // namespace townhall::api
