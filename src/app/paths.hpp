#pragma once

#include <filesystem>

namespace townhall::app {

/// The folder of mail templates: `../share/townhall/templates` beside an installed program, the source tree's in a
/// build. Throws std::runtime_error when neither is there.
[[nodiscard]] std::filesystem::path templates_folder();

/// Likewise of bundled demo content.
[[nodiscard]] std::filesystem::path content_folder();

}  // namespace townhall::app
