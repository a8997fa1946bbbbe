#include "platform/api/prefer.hpp"

#include <string_view>

#include "platform/api/weighted.hpp"
#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

std::string_view before(std::string_view text, char mark) { return http::trimmed(text.substr(0, text.find(mark))); }

std::string_view unquoted(std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
    return value;
}

}  // namespace

std::optional<std::string> preference(const http::Request& request, std::string_view name) {
    const std::string all = list_field(request, "prefer");
    std::string_view left = all;
    while (!left.empty()) {
        const std::size_t end = std::min(left.find(','), left.size());
        const std::string_view item = before(left.substr(0, end), ';');  // without the preference's parameters
        left.remove_prefix(std::min(end + 1, left.size()));
        if (!http::equal_without_case(before(item, '='), name)) continue;
        const std::size_t equals = item.find('=');
        return std::string(equals == item.npos ? "" : unquoted(http::trimmed(item.substr(equals + 1))));
    }
    return std::nullopt;
}

}  // namespace townhall::api
