#include "platform/observe/json_line.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fmt/format.h>

namespace townhall::observe {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What leads a sequence: its length, and the bounds of the byte after it (Unicode, table 3-7). 0: it leads none.
struct Lead {
    unsigned length;
    unsigned char low = 0x80, high = 0xBF;
};

constexpr Lead lead_of(unsigned char c) {
    if (c >= 0xC2 && c <= 0xDF) return {2};
    if (c == 0xE0) return {3, 0xA0, 0xBF};
    if (c == 0xED) return {3, 0x80, 0x9F};
    if (c >= 0xE1 && c <= 0xEF) return {3};
    if (c == 0xF0) return {4, 0x90, 0xBF};
    if (c >= 0xF1 && c <= 0xF3) return {4};
    if (c == 0xF4) return {4, 0x80, 0x8F};
    return {0};
}

/// Appends the sequence that begins `text`, whose first byte is not ASCII, and says how many bytes it took.
std::size_t append_sequence(std::string& out, std::string_view text) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
    if (lead.length == 0) {
        out += kReplacement;
        return 1;
    }
    for (std::size_t i = 1; i < lead.length; ++i) {
        const unsigned char low = i == 1 ? lead.low : 0x80;
        const unsigned char high = i == 1 ? lead.high : 0xBF;
        const auto next = i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
        if (next < low || next > high) {
            out += kReplacement;
            return i;
        }
    }
    if (text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) {
        fmt::format_to(std::back_inserter(out), "\\u00{:02x}", static_cast<unsigned char>(text[1]));
    } else {
        out += text.substr(0, lead.length);
    }
    return lead.length;
}

void append_ascii_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "\\u00";
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
}

/// Bytes that stand for themselves in a JSON string.
constexpr std::array<bool, 256> plain_bytes() {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}
constexpr auto kPlain = plain_bytes();

/// Whether eight bytes may all stand for themselves. Says no too often where a byte is 0x80 or more, never too seldom.
bool all_plain(const char* bytes) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const std::uint64_t special = word | (word + kOnes) |  // 0x7F and above
                                  (word - kOnes * 0x20) |  // below 0x20
                                  ((word ^ kOnes * '"') - kOnes) | ((word ^ kOnes * '\\') - kOnes);
    return (special & kOnes * 0x80) == 0;
}

/// Cuts an over-long text where a character begins.
std::string_view bounded(std::string_view text) {
    if (text.size() <= kMaxLogString) return text;
    std::size_t end = kMaxLogString;
    while (end > kMaxLogString - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_value(std::string& out, const Field& field) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        append_json_string(out, *text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
        append_number(out, *integer);
    } else if (const auto* boolean = std::get_if<bool>(&field.value)) {
        out += *boolean ? "true" : "false";
    } else if (const double number = std::get<double>(field.value); std::isfinite(number)) {
        append_number(out, number);
    } else {
        out += "null";
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    const bool cut = text.size() > kMaxLogString;
    text = bounded(text);
    out += '"';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (i + 8 <= text.size() && all_plain(text.data() + i)) {
            i += 8;
            continue;
        }
        const auto c = static_cast<unsigned char>(text[i]);
        if (kPlain[c]) {
            ++i;
            continue;
        }
        out.append(text, done, i - done);
        if (c < 0x80) {
            append_ascii_escaped(out, text[i]);
            ++i;
        } else {
            i += append_sequence(out, text.substr(i));
        }
        done = i;
    }
    out.append(text, done);
    out += cut ? "…\"" : "\"";
}

void append_line(std::string& out, std::string_view time, Level level, std::string_view message, Fields fields) {
    constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warning", "error", "critical"};
    out += R"({"time":")";
    out += time;
    out += R"(","level":")";
    out += kNames[static_cast<std::size_t>(level)];
    out += R"(","message":)";
    append_json_string(out, message);
    for (const Field& field : fields) {
        out += ',';
        append_json_string(out, field.name);
        out += ':';
        append_value(out, field);
    }
    out += "}\n";
}

std::string_view time_text() {
    using namespace std::chrono;
    thread_local std::int64_t cached_ms = -1;
    thread_local std::int64_t cached_second = -1;
    thread_local std::string text;
    const std::int64_t now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    if (now == cached_ms) return text;
    cached_ms = now;
    if (now / 1000 != cached_second) {
        cached_second = now / 1000;
        const auto seconds = static_cast<std::time_t>(cached_second);
        std::tm utc{};
        gmtime_r(&seconds, &utc);
        text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                           utc.tm_hour, utc.tm_min, utc.tm_sec);
    }
    const auto ms = static_cast<unsigned>(now % 1000);
    text[20] = static_cast<char>('0' + ms / 100);
    text[21] = static_cast<char>('0' + ms / 10 % 10);
    text[22] = static_cast<char>('0' + ms % 10);
    return text;
}

}  // namespace townhall::observe
