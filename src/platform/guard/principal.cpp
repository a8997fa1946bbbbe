#include "platform/guard/principal.hpp"

namespace townhall {

std::string_view to_string(Role role) {
    for (const auto& [value, name] : enum_names(std::type_identity<Role>{}))
        if (value == role) return name;
    return "admin";
}

std::optional<Role> role_from(std::string_view name) {
    for (const auto& [value, text] : enum_names(std::type_identity<Role>{}))
        if (text == name) return value;
    return name == "admin" ? std::optional(Role::admin) : std::nullopt;
}

}  // namespace townhall
