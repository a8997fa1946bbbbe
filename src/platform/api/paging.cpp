#include "platform/api/paging.hpp"

#include <fmt/format.h>

#include "platform/api/path_reference.hpp"
#include "platform/http/uri.hpp"

namespace townhall::api {

Error page_and_after() { return invalid_parameter("after", "conflict", "Give either page or after."); }

std::string write_cursor(const guard::SignKey& key, std::string_view purpose, std::string_view position) {
    return key.sign(fmt::format("{}\n{}", purpose, position));
}

Result<std::optional<std::string>> read_cursor(const guard::SignKey& key, std::string_view purpose,
                                               const std::optional<std::string>& after) {
    if (!after) return std::nullopt;
    const auto payload = key.verify(*after);
    if (!payload || !payload->starts_with(purpose) || payload->size() <= purpose.size() ||
        (*payload)[purpose.size()] != '\n')
        return std::unexpected(invalid_parameter("after", "format", "Not a cursor of this list."));
    return payload->substr(purpose.size() + 1);
}

Result<std::optional<std::int64_t>> read_number_cursor(const guard::SignKey& key, std::string_view purpose,
                                                       const std::optional<std::string>& after) {
    const auto position = read_cursor(key, purpose, after);
    if (!position) return std::unexpected(position.error());
    if (!*position) return std::nullopt;
    return std::stoll(**position);  // our own text: nobody else can sign one
}

std::string link_to_next(const http::Request& request, std::string_view parameter, std::string_view value) {
    std::string target = path_reference(request.path);
    char separator = '?';
    if (const auto query = http::parse_query(request.query)) {
        for (const auto& [name, text] : *query) {
            if (name == "page" || name == "after") continue;
            target += std::exchange(separator, '&');
            target += http::percent_encode(name) + '=' + http::percent_encode(text);
        }
    }
    return fmt::format("<{}{}{}={}>; rel=\"next\"", target, separator, parameter, http::percent_encode(value));
}

}  // namespace townhall::api
