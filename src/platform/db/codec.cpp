#include "platform/db/codec.hpp"

#include <fmt/format.h>

#include "platform/db/errors.hpp"

namespace townhall::db {

void throw_unreadable(std::string_view type) { throw ShapeError(fmt::format("a column does not hold a {}", type)); }

void Codec<Timestamp>::write(Timestamp value, std::string& out) { append(out, value); }

Timestamp Codec<Timestamp>::read(std::string_view text) {
    const auto value = parse_timestamp(text);
    if (!value) throw_unreadable("timestamp with time zone of years 0 to 9999");
    return *value;
}

void Codec<Date>::write(Date value, std::string& out) { append(out, value); }

Date Codec<Date>::read(std::string_view text) {
    const auto value = parse_date(text);
    if (!value) throw_unreadable("date of years 0 to 9999");
    return *value;
}

void Codec<Bytes>::write(const Bytes& value, std::string& out) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out.reserve(out.size() + 2 + 2 * value.data.size());
    out += "\\x";
    for (const char c : value.data) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
}

namespace {
int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}
}  // namespace

Bytes Codec<Bytes>::read(std::string_view text) {
    if (!text.starts_with("\\x") || text.size() % 2 != 0) throw_unreadable("bytea in hexadecimal");
    Bytes bytes;
    bytes.data.reserve(text.size() / 2 - 1);
    for (std::size_t i = 2; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) throw_unreadable("bytea in hexadecimal");
        bytes.data += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

namespace detail {

void write_array_element(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

ArrayReader::ArrayReader(std::string_view text) {
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') throw_unreadable("one-dimensional array");
    rest_ = text.substr(1, text.size() - 2);
}

bool ArrayReader::next() {
    if (rest_.empty()) return false;
    if (!first_) rest_.remove_prefix(1);  // the comma
    first_ = false;
    element_.clear();
    null_ = false;
    if (rest_.empty() || rest_.front() == '{') throw_unreadable("one-dimensional array");
    std::size_t i = 0;
    if (rest_.front() != '"') {
        while (i < rest_.size() && rest_[i] != ',') ++i;
        element_ = rest_.substr(0, i);
        null_ = element_ == "NULL";
        rest_.remove_prefix(i);
        return true;
    }
    for (i = 1; i < rest_.size() && rest_[i] != '"'; ++i) {
        if (rest_[i] == '\\') ++i;
        if (i < rest_.size()) element_ += rest_[i];
    }
    if (i >= rest_.size()) throw_unreadable("one-dimensional array");
    rest_.remove_prefix(i + 1);
    if (!rest_.empty() && rest_.front() != ',') throw_unreadable("one-dimensional array");
    return true;
}

}  // namespace detail
}  // namespace townhall::db
