#include "platform/observe/json_line.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace townhall::observe {

namespace {

// A line is written for every request, so it is written by bare pointer into room that was made for the worst case
// once: appending piece by piece costs three times as much.

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kCut = "…";
constexpr std::size_t kLongestEscape = 6;  // \u001b, for one byte
constexpr std::size_t kLongestNumber = 32;

char* put(char* at, std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

char* put_hex(char* at, unsigned value, int digits) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (int i = digits - 1; i >= 0; --i) *at++ = kHex[(value >> (4 * i)) & 15];
    return at;
}

char* put_unicode_escape(char* at, unsigned code_point) { return put_hex(put(at, "\\u"), code_point, 4); }

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

/// C1 controls, the line and paragraph separators, and what embeds, overrides or isolates direction.
constexpr bool is_treacherous(unsigned code_point) {
    return code_point < 0xA0 || code_point == 0x61C || code_point == 0x200E || code_point == 0x200F ||
           (code_point >= 0x2028 && code_point <= 0x202E) || (code_point >= 0x2066 && code_point <= 0x2069) ||
           code_point == 0xFEFF;
}

unsigned code_point_of(std::string_view sequence) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]) & 0x3FU; };
    if (sequence.size() == 2) return (static_cast<unsigned char>(sequence[0]) & 0x1FU) << 6 | byte(1);
    return (static_cast<unsigned char>(sequence[0]) & 0x0FU) << 12 | byte(1) << 6 | byte(2);
}

/// Writes the sequence that begins `text`, whose first byte is not ASCII, and takes it off.
char* put_sequence(char* at, std::string_view& text) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
    std::size_t length = 1;
    for (; length < lead.length; ++length) {
        const unsigned char low = length == 1 ? lead.low : 0x80;
        const unsigned char high = length == 1 ? lead.high : 0xBF;
        const auto next = length < text.size() ? static_cast<unsigned char>(text[length]) : 0U;
        if (next < low || next > high) break;
    }
    const std::string_view sequence = text.substr(0, length);
    text.remove_prefix(length);
    if (length != lead.length) return put(at, kReplacement);
    if (length < 4 && is_treacherous(code_point_of(sequence))) return put_unicode_escape(at, code_point_of(sequence));
    return put(at, sequence);
}

char* put_ascii_escaped(char* at, char c) {
    switch (c) {
        case '"':
            return put(at, "\\\"");
        case '\\':
            return put(at, "\\\\");
        case '\n':
            return put(at, "\\n");
        case '\r':
            return put(at, "\\r");
        case '\t':
            return put(at, "\\t");
        default:
            return put_unicode_escape(at, static_cast<unsigned char>(c));
    }
}

/// Bytes that stand for themselves in a JSON string.
constexpr std::array<bool, 256> plain_bytes() {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}
constexpr auto kPlain = plain_bytes();

/// Whether eight bytes may all stand for themselves. Says no too often where a byte is 0x80 or more, never too seldom.
bool all_plain(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
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

std::size_t room_for(std::string_view text) {
    return std::min(text.size(), kMaxLogString) * kLongestEscape + 2 + kCut.size();
}

char* put_json_string(char* at, std::string_view whole) {
    std::string_view text = bounded(whole);
    *at++ = '"';
    while (!text.empty()) {
        if (text.size() >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data(), sizeof word);
            if (all_plain(word)) {
                std::memcpy(at, &word, sizeof word);
                at += 8;
                text.remove_prefix(8);
                continue;
            }
        }
        const auto c = static_cast<unsigned char>(text[0]);
        if (c >= 0x80) {
            at = put_sequence(at, text);
            continue;
        }
        if (kPlain[c]) {
            *at++ = text[0];
        } else {
            at = put_ascii_escaped(at, text[0]);
        }
        text.remove_prefix(1);
    }
    if (whole.size() > kMaxLogString) at = put(at, kCut);
    *at++ = '"';
    return at;
}

template <class Number>
char* put_number(char* at, Number value) {
    return std::to_chars(at, at + kLongestNumber, value).ptr;
}

char* put_milliseconds(char* at, std::chrono::nanoseconds time) {
    const std::int64_t micros = std::max<std::int64_t>(time.count() / 1000, 0);
    at = put_number(at, micros / 1000);
    const auto rest = static_cast<unsigned>(micros % 1000);
    *at++ = '.';
    *at++ = static_cast<char>('0' + rest / 100);
    *at++ = static_cast<char>('0' + rest / 10 % 10);
    *at++ = static_cast<char>('0' + rest % 10);
    return at;
}

char* put_value(char* at, const Field& field) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) return put_json_string(at, *text);
    if (const auto* integer = std::get_if<std::int64_t>(&field.value)) return put_number(at, *integer);
    if (const auto* time = std::get_if<std::chrono::nanoseconds>(&field.value)) return put_milliseconds(at, *time);
    if (const auto* boolean = std::get_if<bool>(&field.value)) return put(at, *boolean ? "true" : "false");
    const double number = std::get<double>(field.value);
    return std::isfinite(number) ? put_number(at, number) : put(at, "null");
}

std::size_t room_for(const Field& field) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    return field.name.size() + 4 + (text ? room_for(*text) : kLongestNumber);
}

constexpr std::array<std::string_view, 5> kBeforeMessage{
    R"(","level":"debug","message":)", R"(","level":"info","message":)", R"(","level":"warning","message":)",
    R"(","level":"error","message":)", R"(","level":"critical","message":)"};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    const std::size_t old = out.size();
    out.resize_and_overwrite(old + room_for(text), [old, text](char* buffer, std::size_t) {
        return static_cast<std::size_t>(put_json_string(buffer + old, text) - buffer);
    });
}

void append_line(std::string& out, std::string_view time, Level level, std::string_view message, Fields fields) {
    constexpr std::string_view kBegin = R"({"time":")";
    const std::string_view before = kBeforeMessage[static_cast<std::size_t>(level)];
    const std::size_t old = out.size();
    std::size_t room = old + kBegin.size() + time.size() + before.size() + room_for(message) + 2;
    for (const Field& field : fields) room += room_for(field);
    out.resize_and_overwrite(room, [&](char* buffer, std::size_t) {
        char* at = put(put(put(buffer + old, kBegin), time), before);
        at = put_json_string(at, message);
        for (const Field& field : fields) {
            if (field.name.empty()) continue;
            at = put(put(put(at, ",\""), field.name), "\":");
            at = put_value(at, field);
        }
        return static_cast<std::size_t>(put(at, "}\n") - buffer);
    });
}

std::string_view time_text() {
    using namespace std::chrono;
    constexpr std::size_t kSize = 24;
    thread_local std::int64_t cached_ms = -1;
    thread_local std::int64_t cached_second = -1;
    thread_local std::array<char, kSize + 1> text{};
    const std::int64_t now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    if (now != cached_ms) {
        cached_ms = now;
        if (now / 1000 != cached_second) {
            cached_second = now / 1000;
            const auto seconds = static_cast<std::time_t>(cached_second);
            std::tm utc{};
            gmtime_r(&seconds, &utc);
            std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
        }
        const auto ms = static_cast<unsigned>(now % 1000);
        text[20] = static_cast<char>('0' + ms / 100);
        text[21] = static_cast<char>('0' + ms / 10 % 10);
        text[22] = static_cast<char>('0' + ms % 10);
    }
    return {text.data(), kSize};
}

}  // namespace townhall::observe
