#include "platform/http/answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fmt/format.h>

#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::http {
namespace {

constexpr std::array<std::string_view, 11> kOurs = {"content-length", "transfer-encoding", "connection",  "keep-alive",
                                                    "upgrade",        "trailer",           "te",          "date",
                                                    "x-request-id",   "proxy-connection",  "content-type"};

bool is_ours(std::string_view name) {
    return std::ranges::any_of(kOurs, [name](std::string_view ours) { return equal_without_case(name, ours); });
}

bool is_token(std::string_view name) { return !name.empty() && all_of(kTokenCharacters, name); }

void write_number(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void write_value(std::string& out, std::string_view value) {
    const std::size_t from = out.size();
    out.append(value);
    if (!has_control(value)) return;
    for (std::size_t i = from; i < out.size(); ++i) {
        if (has_control({&out[i], 1})) out[i] = ' ';
    }
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    write_value(out, value);
    out.append("\r\n");
}

void write_framing(std::string& out, const AnswerFrame& frame) {
    switch (frame.kind) {
        case BodyKind::sized:
            out.append("Content-Length: ");
            write_number(out, frame.length);
            out.append("\r\n");
            break;
        case BodyKind::chunked:
            out.append("Transfer-Encoding: chunked\r\n");
            break;
        case BodyKind::none:
        case BodyKind::until_close:
            break;
    }
}

void write_persistence(std::string& out, const AnswerFrame& frame) {
    if (frame.close) {
        out.append("Connection: close\r\n");
    } else if (frame.version < 11) {
        out.append("Connection: keep-alive\r\n");
    }
}

void write_status_line(std::string& out, int status) {
    if (status == 200) {
        out.append("HTTP/1.1 200 OK\r\n");
        return;
    }
    out.append("HTTP/1.1 ");
    write_number(out, static_cast<std::uint64_t>(status));
    out.append(" ").append(reason_of(status)).append("\r\n");
}

}  // namespace

void write_head(std::string& out, const Response& response, const AnswerFrame& frame) {
    write_status_line(out, response.status);
    out.append("Date: ").append(frame.date).append("\r\n");
    if (response.prepared) {
        out.append(response.prepared->fields);
    } else {
        if (!response.content_type.empty() && frame.kind != BodyKind::none) {
            write_field(out, "Content-Type", response.content_type);
        }
        write_framing(out, frame);
    }
    write_persistence(out, frame);
    write_field(out, "X-Request-Id", frame.request_id);
    out.append(response.common_fields).append(response.origin_fields);
    for (const auto& [name, value] : response.headers) {
        if (is_token(name) && !is_ours(name)) write_field(out, name, value);
    }
    out.append("\r\n");
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Status";
    }
}

std::string imf_fixdate(std::int64_t unix_seconds) {
    using namespace std::chrono;
    static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_seconds moment{seconds{unix_seconds}};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(moment - day);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

}  // namespace townhall::http
