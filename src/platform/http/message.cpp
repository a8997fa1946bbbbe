#include "platform/http/message.hpp"

#include "platform/http/gate.hpp"

namespace townhall::http {

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

}  // namespace townhall::http
