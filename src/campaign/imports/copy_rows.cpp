#include "campaign/imports/copy_rows.hpp"

#include <bit>

namespace townhall::campaign {

namespace {

constexpr std::int32_t kTextOid = 25;
constexpr std::int32_t kInt8Oid = 20;

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
    const auto swapped = std::byteswap(value);
    out.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

}  // namespace

std::string_view CopyRows::header() { return {"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19}; }
std::string_view CopyRows::trailer() { return {"\377\377", 2}; }

void CopyRows::put16(std::int16_t value) { append_big_endian(out_, value); }
void CopyRows::put32(std::int32_t value) { append_big_endian(out_, value); }
void CopyRows::put64(std::int64_t value) { append_big_endian(out_, value); }

void CopyRows::json_or_null(std::string_view value, std::string_view null_value) {
    if (value == null_value || value.empty()) return null();
    put32(static_cast<std::int32_t>(value.size() + 1));
    out_ += '\1';  // the version of jsonb's binary form
    out_ += value;
}

void CopyRows::texts_or_null(std::span<const std::string_view> values) {
    if (values.empty()) return null();
    const std::string array = text_array(values);
    text(array);
}

void CopyRows::uuid(std::string_view text36) {
    put32(16);
    for (std::size_t i = 0; i + 1 < text36.size(); i += 2) {
        if (text36[i] == '-') ++i;
        out_ += static_cast<char>(hex_digit(text36[i]) << 4 | hex_digit(text36[i + 1]));
    }
}

namespace {

std::string array_head(std::size_t size, std::int32_t type) {
    std::string out;
    for (const std::int32_t part : {1, 0, type, static_cast<std::int32_t>(size), 1}) append_big_endian(out, part);
    return out;
}

}  // namespace

std::string CopyRows::text_array(std::span<const std::string_view> values) {
    std::string out = array_head(values.size(), kTextOid);
    for (const std::string_view value : values) {
        append_big_endian(out, static_cast<std::int32_t>(value.size()));
        out += value;
    }
    return out;
}

std::string CopyRows::int64_array(std::span<const std::int64_t> values) {
    std::string out = array_head(values.size(), kInt8Oid);
    for (const std::int64_t value : values) {
        append_big_endian(out, std::int32_t{8});
        append_big_endian(out, value);
    }
    return out;
}

}  // namespace townhall::campaign
