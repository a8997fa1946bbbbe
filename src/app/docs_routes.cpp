#include "app/docs_routes.hpp"

#include <array>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace townhall::app {

namespace {

using api::Nothing;
using api::Raw;

// Swagger UI draws with images in data: URLs, and sets styles from its script only.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr api::Endpoint<Nothing, Raw> endpoint(std::string_view path, std::string_view summary, std::string_view type) {
    return {.verb = api::get,
            .path = path,
            .summary = summary,
            .who = api::Who::anyone,
            .out_type = type,
            .policy = kPagePolicy,
            .has_etag = true};
}

struct Part {
    std::string_view file;
    bool ours;  // in our folder, not in the package
    api::Endpoint<Nothing, Raw> endpoint;
};

constexpr std::array<Part, 5> kParts{{
    {"index.html", true, endpoint("/docs", "This contract, to read and to try", "text/html")},
    {"start.js", true, endpoint("/docs/start.js", "Part of /docs", "text/javascript")},
    {"swagger-ui.css", false, endpoint("/docs/swagger-ui.css", "Part of /docs", "text/css")},
    {"swagger-ui-bundle.js", false, endpoint("/docs/swagger-ui-bundle.js", "Part of /docs", "text/javascript")},
    {"favicon-32x32.png", false, endpoint("/docs/favicon.png", "Part of /docs", "image/png")},
}};

api::Cached read(const std::filesystem::path& path, std::string_view type) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || text.view().empty()) throw std::runtime_error(fmt::format("can't read {}", path.string()));
    const std::string_view charset = type.starts_with("text/") ? "; charset=utf-8" : "";
    const std::string content_type = fmt::format("{}{}", type, charset);
    return api::Cached(std::move(text).str(), {.content_type = content_type, .cache_control = "public, max-age=3600"});
}

}  // namespace

Docs::Docs(observe::CpuPool& cpu, const std::filesystem::path& page, const std::filesystem::path& swagger_ui) {
    for (const Part& part : kParts)
        files_.push_back(std::make_unique<MadeOnce>(cpu, [path = (part.ours ? page : swagger_ui) / part.file,
                                                          type = part.endpoint.out_type] { return read(path, type); }));
}

void Docs::add_routes(api::Router& router) {
    for (std::size_t i = 0; i < kParts.size(); ++i)
        router.add(kParts[i].endpoint, files_[i].get(),
                   [](MadeOnce* file, api::Context& context) -> Task<Result<http::Response>> {
                       co_return co_await file->answer(context);
                   });
}

}  // namespace townhall::app
