#include "platform/api/compress.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "platform/api/coding.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/weighted.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

constexpr std::size_t kLeast = 1024;
constexpr std::size_t kPiece = 64 * 1024;  // about a millisecond's work

bool is_text(std::string_view type) {
    if (type.starts_with("text/")) return !type.starts_with("text/event-stream");
    return type.starts_with("application/json") || type.starts_with("application/problem+json");
}

bool frames_itself(const http::Response& response) {
    return std::ranges::any_of(response.headers, [](const auto& header) {
        return http::equal_without_case(header.first, "content-length") ||
               http::equal_without_case(header.first, "content-encoding");
    });
}

/// Passes a body on compressed.
class Zipping final : public http::BodyWriter {
  public:
    explicit Zipping(http::BodyWriter& to) : to_(to) {}

    Task<void> write(std::string_view bytes) override {
        std::string out;
        zip_.add(bytes, false, out);
        if (!out.empty() || bytes.empty()) co_await to_.write(out);
    }

    Task<void> finish() {
        std::string out;
        zip_.add({}, true, out);
        co_await to_.write(out);
    }

  private:
    http::BodyWriter& to_;
    GzipStream zip_;
};

Task<void> stream_zipped(std::move_only_function<Task<void>(http::BodyWriter&)>& stream, http::BodyWriter& body) {
    Zipping zipping(body);
    co_await stream(zipping);
    co_await zipping.finish();
}

Task<void> write_pieces(const std::string& text, http::BodyWriter& body) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Zipping zipping(body);
    for (std::size_t at = 0; at < text.size(); at += kPiece) {
        co_await zipping.write(std::string_view(text).substr(at, kPiece));
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
    co_await zipping.finish();
}

}  // namespace

void compress(http::Response& response, const http::Request& request) {
    if (response.prepared || (!response.stream && response.body.size() < kLeast)) return;
    if (!is_text(response.content_type) || frames_itself(response)) return;
    std::string joined;
    const auto accepted = list_field(request, "accept-encoding", joined).value_or("");
    if (choose_coding(accepted, true, false) != Coding::gzip) return;
    if (response.stream) {
        response.stream = [stream = std::move(response.stream)](http::BodyWriter& body) mutable {
            return stream_zipped(stream, body);
        };
    } else if (response.body.size() > kPiece) {
        response.stream = [text = std::move(response.body)](http::BodyWriter& body) {
            return write_pieces(text, body);
        };
        response.body.clear();
    } else {
        response.body = gzip(response.body, 1);
    }
    response.headers.emplace_back("Content-Encoding", to_string(Coding::gzip));
    for (auto& [name, value] : response.headers)
        if (name == "ETag") value = etag_of_form(value, tag_suffix(Coding::gzip));
}

}  // namespace townhall::api
