#include "platform/api/path_reference.hpp"

#include <algorithm>

#include "platform/http/uri.hpp"

namespace townhall::api {

std::string path_reference(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()) - 1);
    std::string reference;
    for (;;) {
        const std::size_t slash = path.find('/');
        reference += http::percent_encode(path.substr(0, slash));
        if (slash == std::string_view::npos) return reference;
        reference += '/';
        path.remove_prefix(slash + 1);
    }
}

}  // namespace townhall::api
