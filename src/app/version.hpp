#pragma once

#include <string_view>

namespace townhall::app {

extern const std::string_view kVersionText;  // "0.1.0"
extern const std::string_view kCommit;       // short hash of the commit that was built, or "unknown"
extern const std::string_view kBuild;        // "RelWithDebInfo"

}  // namespace townhall::app
