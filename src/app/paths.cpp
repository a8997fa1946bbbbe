#include "app/paths.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace townhall::app {

namespace {

std::filesystem::path program_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

std::filesystem::path shared_folder(const char* name) {
    const auto program = program_folder();
    // Installed: <prefix>/bin/townhall. Built: <source>/build/<preset>/townhall.
    for (const auto& folder : {program / "../share/townhall" / name, program / "../.." / name})
        if (std::filesystem::is_directory(folder)) return std::filesystem::canonical(folder);
    throw std::runtime_error(
        fmt::format("the folder {} is missing: install it to <prefix>/share/townhall/{}", name, name));
}

}  // namespace

std::filesystem::path templates_folder() { return shared_folder("templates"); }
std::filesystem::path content_folder() { return shared_folder("content"); }
std::filesystem::path web_folder() { return shared_folder("web"); }

std::optional<std::filesystem::path> swagger_ui_folder() {
    const auto program = program_folder();
    for (const auto* folder : {"../share/townhall/swagger-ui", "../third_party/swagger-ui"})
        if (std::filesystem::is_directory(program / folder)) return std::filesystem::canonical(program / folder);
    return std::nullopt;
}

}  // namespace townhall::app
