#include "platform/api/prefer.hpp"

#include <string_view>

#include "platform/api/weighted.hpp"
#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

std::string_view unquoted(std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
    return value;
}

}  // namespace

std::optional<std::string> preference(const http::Request& request, std::string_view name) {
    std::string joined;
    std::string_view left = list_field(request, "prefer", joined).value_or("");
    while (!left.empty()) {
        std::string_view item = take_until(left, ',');
        std::string_view value = take_until(item, ';');  // without the preference's parameters
        if (http::equal_without_case(take_until(value, '='), name)) return std::string(unquoted(http::trimmed(value)));
    }
    return std::nullopt;
}

}  // namespace townhall::api
