#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "platform/db/types.hpp"

/// How C++ values travel: as PostgreSQL's text form, both ways, with the type declared on the way in.
namespace townhall::db {

/// A type of the server's catalogue, as libpq's `Oid`.
using Oid = unsigned int;

/// `kOid` and `kArrayOid` are declared for parameters; `write` appends the text form; `read` takes it back and throws
/// ShapeError where the column is of another kind.
template <class T>
struct Codec;

[[noreturn]] void throw_unreadable(std::string_view type);

/// An enum that its owner can name: kept as text. Where the column is a native enum, the statement casts.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E value, std::string_view text) {
    { to_string(value) } -> std::convertible_to<std::string_view>;
    { from_string(std::type_identity<E>{}, text) } -> std::same_as<std::optional<E>>;
};

namespace detail {
template <class T>
struct OptionalOf : std::false_type {
    using Inner = T;
};
template <class T>
struct OptionalOf<std::optional<T>> : std::true_type {
    using Inner = T;
};

template <class Number, Oid kType, Oid kArray>
struct NumberCodec {
    static constexpr Oid kOid = kType;
    static constexpr Oid kArrayOid = kArray;
    static void write(Number value, std::string& out) {
        char buffer[40];
        out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    }
    static Number read(std::string_view text) {
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) throw_unreadable("number");
        return value;
    }
};

/// Reads `{a,"b\"c",NULL}` piece by piece. Nested arrays are refused.
class ArrayReader {
  public:
    explicit ArrayReader(std::string_view text);
    /// False at the end. `element()` is then the piece, unescaped; `null()` whether it was NULL.
    bool next();
    [[nodiscard]] std::string_view element() const { return element_; }
    [[nodiscard]] bool null() const { return null_; }

  private:
    std::string_view rest_;
    std::string element_;
    bool null_ = false;
    bool first_ = true;
};

void write_array_element(std::string_view text, std::string& out);
}  // namespace detail

template <>
struct Codec<std::int16_t> : detail::NumberCodec<std::int16_t, 21, 1005> {};
template <>
struct Codec<std::int32_t> : detail::NumberCodec<std::int32_t, 23, 1007> {};
template <>
struct Codec<std::int64_t> : detail::NumberCodec<std::int64_t, 20, 1016> {};
template <>
struct Codec<double> : detail::NumberCodec<double, 701, 1022> {};

template <>
struct Codec<bool> {
    static constexpr Oid kOid = 16;
    static constexpr Oid kArrayOid = 1000;
    static void write(bool value, std::string& out) { out += value ? 't' : 'f'; }
    static bool read(std::string_view text) {
        if (text != "t" && text != "f") throw_unreadable("boolean");
        return text == "t";
    }
};

/// For parameters only: a row must own what it holds.
template <>
struct Codec<std::string_view> {
    static constexpr Oid kOid = 25;
    static constexpr Oid kArrayOid = 1009;
    static void write(std::string_view value, std::string& out) { out += value; }
};

template <>
struct Codec<std::string> : Codec<std::string_view> {
    static std::string read(std::string_view text) { return std::string(text); }
};

template <>
struct Codec<Json> {
    static constexpr Oid kOid = 3802;
    static constexpr Oid kArrayOid = 3807;
    static void write(const Json& value, std::string& out) { out += value.text; }
    static Json read(std::string_view text) { return {std::string(text)}; }
};

template <>
struct Codec<Uuid> {
    static constexpr Oid kOid = 2950;
    static constexpr Oid kArrayOid = 2951;
    static void write(const Uuid& value, std::string& out) { out += value.text; }
    static Uuid read(std::string_view text) { return {std::string(text)}; }
};

template <>
struct Codec<Bytes> {
    static constexpr Oid kOid = 17;
    static constexpr Oid kArrayOid = 1001;
    static void write(const Bytes& value, std::string& out);
    static Bytes read(std::string_view text);
};

template <>
struct Codec<Timestamp> {
    static constexpr Oid kOid = 1184;
    static constexpr Oid kArrayOid = 1185;
    static void write(Timestamp value, std::string& out);
    static Timestamp read(std::string_view text);
};

template <>
struct Codec<Date> {
    static constexpr Oid kOid = 1082;
    static constexpr Oid kArrayOid = 1182;
    static void write(Date value, std::string& out);
    static Date read(std::string_view text);
};

template <NamedEnum E>
struct Codec<E> {
    static constexpr Oid kOid = 25;
    static constexpr Oid kArrayOid = 1009;
    static void write(E value, std::string& out) { out += to_string(value); }
    static E read(std::string_view text) {
        const std::optional<E> value = from_string(std::type_identity<E>{}, text);
        if (!value) throw_unreadable("enumeration");
        return *value;
    }
};

/// One-dimensional arrays. `T` may be optional, where elements may be NULL.
template <class T>
struct Codec<std::vector<T>> {
    using Inner = typename detail::OptionalOf<T>::Inner;
    static constexpr Oid kOid = Codec<Inner>::kArrayOid;

    static void write(const std::vector<T>& values, std::string& out) {
        std::string element;
        out += '{';
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out += ',';
            const T& value = values[i];
            if constexpr (detail::OptionalOf<T>::value) {
                if (!value) {
                    out += "NULL";
                    continue;
                }
            }
            element.clear();
            if constexpr (detail::OptionalOf<T>::value)
                Codec<Inner>::write(*value, element);
            else
                Codec<Inner>::write(value, element);
            detail::write_array_element(element, out);
        }
        out += '}';
    }

    static std::vector<T> read(std::string_view text) {
        std::vector<T> values;
        detail::ArrayReader reader(text);
        while (reader.next()) {
            if (!reader.null())
                values.push_back(Codec<Inner>::read(reader.element()));
            else if constexpr (detail::OptionalOf<T>::value)
                values.push_back(std::nullopt);
            else
                throw_unreadable("array without NULLs");
        }
        return values;
    }
};

}  // namespace townhall::db
