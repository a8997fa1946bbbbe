#include "platform/api/cached.hpp"

#include <fmt/format.h>

#include "platform/api/etag.hpp"
#include "platform/api/router.hpp"
#include "platform/api/weighted.hpp"

namespace townhall::api {

namespace {

constexpr std::size_t kLeast = 1024;      // shorter bodies fit into one packet anyway
constexpr std::size_t kBest = 64 * 1024;  // longer ones would take a second to compress as well as can be
constexpr int kBestGzip = 9, kQuickGzip = 6;
constexpr int kBestBrotli = 11, kQuickBrotli = 5;

}  // namespace

Cached::Cached(std::string body, const Kind& kind) : etag_(etag_of_bytes(body)) {
    if (body.size() >= kLeast) {
        const bool best = !kind.quick && body.size() <= kBest;
        std::string zipped = gzip(body, best ? kBestGzip : kQuickGzip);
        if (zipped.size() < body.size()) add_form(Coding::gzip, std::move(zipped), kind);
        std::string br = brotli(body, best ? kBestBrotli : kQuickBrotli);
        if (br.size() < body.size()) add_form(Coding::br, std::move(br), kind);
    }
    add_form(Coding::identity, std::move(body), kind);
}

void Cached::add_form(Coding coding, std::string body, const Kind& kind) {
    const auto index = static_cast<std::size_t>(coding);
    // RFC 9110, section 15.4.5: what a 304 must repeat.
    std::string kept =
        fmt::format("Cache-Control: {}\r\nETag: {}\r\n", kind.cache_control, etag_of_form(etag_, tag_suffix(coding)));
    std::string fields = fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", kind.content_type, body.size());
    if (coding != Coding::identity) fields += fmt::format("Content-Encoding: {}\r\n", to_string(coding));
    if (!kind.link.empty()) fields += fmt::format("Link: {}\r\n", kind.link);
    fields += kept;
    full_[index] = std::make_shared<const http::Prepared>(http::Prepared{std::move(fields), std::move(body)});
    unchanged_[index] = std::make_shared<const http::Prepared>(http::Prepared{std::move(kept), {}});
}

http::Response Cached::answer(const Context& context) const {
    const auto gzip = static_cast<std::size_t>(Coding::gzip), br = static_cast<std::size_t>(Coding::br);
    std::string joined;
    const auto accepted = list_field(context.request, "accept-encoding", joined).value_or("");
    const auto coding = static_cast<std::size_t>(choose_coding(accepted, full_[gzip] != nullptr, full_[br] != nullptr));
    if (const auto error = check_if_match(list_field(context.request, "if-match", joined), etag_))
        return problem(*error, context.request.path, context.request.request_id);
    const auto known = list_field(context.request, "if-none-match", joined);
    const bool unchanged = known && known_tag(*known, etag_);
    http::Response response;
    response.status = unchanged ? 304 : 200;
    response.prepared = unchanged ? unchanged_[coding] : full_[coding];
    return response;
}

}  // namespace townhall::api
