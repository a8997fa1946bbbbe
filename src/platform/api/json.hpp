#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// JSON read strictly (RFC 8259, I-JSON's rules): what other parsers let through is refused here.
namespace townhall::api::json {

struct Value;
using Array = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;  // in the order sent; keys are unique

struct Value {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data = nullptr;

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(data); }
    template <class T>
    [[nodiscard]] const T* get_if() const {
        return std::get_if<T>(&data);
    }
    /// A number without a fraction, however it was written: 7, 7.0, 7e0. Nothing for other values, and for numbers with
    /// a point or an exponent that a double does not hold exactly.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    /// The member of an object, or nullptr (also when this is no object).
    [[nodiscard]] const Value* find(std::string_view key) const;
};

struct Limits {
    std::size_t depth = 64;
    std::size_t values = 200'000;  // bounds the memory a body can claim beyond its own size
};

/// The text of an object's member; empty where there is none, or it is no text. Points into `object`, which may be
/// null.
[[nodiscard]] std::string_view text_at(const Value* object, std::string_view key);

/// Parses one document. The error is a sentence with the byte offset, and quotes nothing. Refused: bad UTF-8, NUL (also
/// `\u0000`), lone surrogates, nesting over the limit, duplicate keys, integers outside int64, numbers outside double,
/// anything after the document.
[[nodiscard]] std::expected<Value, std::string> parse(std::string_view text, Limits limits = {});

/// Appends a JSON string with quotes. Invalid UTF-8 becomes U+FFFD.
void write_string(std::string& out, std::string_view text);
/// Appends the shortest number that reads back the same; NaN and infinities become null.
void write_double(std::string& out, double value);
void write_integer(std::string& out, std::int64_t value);
void write(std::string& out, const Value& value);

}  // namespace townhall::api::json
