#include "platform/http/message.hpp"

#include <algorithm>

#include "platform/http/gate.hpp"

namespace townhall::http {
namespace {

constexpr std::size_t kTraceparent = 55;  // 2 + 32 + 16 + 2 digits and three dashes
constexpr std::size_t kTraceId = 3, kTraceIdDigits = 32, kParentId = 36, kParentIdDigits = 16, kFlags = 53;

bool is_hex(std::string_view digits) {
    return std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view digits) {
    return is_hex(digits) && digits.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::string_view to_string(Verb verb) {
    switch (verb) {
        case Verb::get:
            return "GET";
        case Verb::head:
            return "HEAD";
        case Verb::post:
            return "POST";
        case Verb::put:
            return "PUT";
        case Verb::patch:
            return "PATCH";
        case Verb::del:
            return "DELETE";
        case Verb::options:
            return "OPTIONS";
        case Verb::other:
            break;
    }
    return "OTHER";
}

std::optional<std::string_view> Request::header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
        if (equal_without_case(known, name)) return value;
    }
    return std::nullopt;
}

std::string_view Request::trace_id() const {
    return traceparent.empty() ? std::string_view() : std::string_view(traceparent).substr(kTraceId, kTraceIdDigits);
}

bool is_traceparent(std::string_view value) {
    if (value.size() < kTraceparent || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
    const std::string_view version = value.substr(0, 2);
    // A later version may say more after what is known; this one may not.
    if (value.size() > kTraceparent && (version == "00" || value[kTraceparent] != '-')) return false;
    constexpr std::size_t kLongest = 256;
    return value.size() <= kLongest && is_hex(version) && version != "ff" &&
           is_id(value.substr(kTraceId, kTraceIdDigits)) && is_id(value.substr(kParentId, kParentIdDigits)) &&
           is_hex(value.substr(kFlags, 2));
}

}  // namespace townhall::http
