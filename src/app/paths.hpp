#pragma once

#include <filesystem>
#include <optional>

namespace townhall::app {

/// The folder of mail templates: `../share/townhall/templates` beside an installed program, the source tree's in a
/// build. Throws std::runtime_error when neither is there.
[[nodiscard]] std::filesystem::path templates_folder();

/// Likewise of bundled demo content.
[[nodiscard]] std::filesystem::path content_folder();

/// Likewise of the web's pages.
[[nodiscard]] std::filesystem::path web_folder();

/// The folder of Swagger UI: `../share/townhall/swagger-ui` beside an installed program, `build/third_party/…` in a
/// build; none where it was not brought.
[[nodiscard]] std::optional<std::filesystem::path> swagger_ui_folder();

}  // namespace townhall::app
