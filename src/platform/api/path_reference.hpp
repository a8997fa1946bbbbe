#pragma once

#include <string>
#include <string_view>

namespace townhall::api {

/// A decoded path as a reference to it on this host (RFC 3986, section 4.2): each segment is encoded, and of several
/// slashes at its start one stays, for what follows two would be read as a host.
[[nodiscard]] std::string path_reference(std::string_view path);

}  // namespace townhall::api
