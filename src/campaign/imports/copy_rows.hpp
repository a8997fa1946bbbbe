#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace townhall::campaign {

/// Appends values in the binary form of COPY and of array parameters
/// (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format").
class CopyRows {
  public:
    explicit CopyRows(std::string& out) : out_(out) {}

    /// What opens and closes a binary COPY.
    static std::string_view header();
    static std::string_view trailer();

    void begin_row(std::int16_t columns) { put16(columns); }
    void null() { put32(-1); }
    void text(std::string_view value) {
        put32(static_cast<std::int32_t>(value.size()));
        out_ += value;
    }
    /// Empty is null.
    void text_or_null(std::string_view value) {
        if (value.empty())
            null();
        else
            text(value);
    }
    void json_or_null(std::string_view value, std::string_view null_value = "{}");
    void int16(std::int16_t value) {
        put32(2);
        put16(value);
    }
    void int64(std::int64_t value) {
        put32(8);
        put64(value);
    }
    /// Days since 1970-01-01.
    void date(std::int32_t days) {
        put32(4);
        put32(days - 10'957);  // PostgreSQL counts from 2000-01-01
    }
    /// A one-dimensional array of text; empty is null.
    void texts_or_null(std::span<const std::string_view> values);
    void uuid(std::string_view text36);

    /// An array as a binary parameter: text[] or bigint[].
    static std::string text_array(std::span<const std::string_view> values);
    static std::string int64_array(std::span<const std::int64_t> values);

  private:
    void put16(std::int16_t value);
    void put32(std::int32_t value);
    void put64(std::int64_t value);

    std::string& out_;
};

}  // namespace townhall::campaign
