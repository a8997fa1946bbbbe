#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace townhall {

/// Roles within a campaign, in rising order; `admin` is the global role and stands above all.
enum class Role : std::uint8_t { viewer = 1, canvasser, organizer, manager, admin };

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> role_from(std::string_view name);

/// How clients and the database name the roles that a campaign gives; `admin` can't be given there.
constexpr std::array<std::pair<Role, std::string_view>, 4> enum_names(std::type_identity<Role>) {
    return {{{Role::viewer, "viewer"},
             {Role::canvasser, "canvasser"},
             {Role::organizer, "organizer"},
             {Role::manager, "manager"}}};
}
[[nodiscard]] inline std::optional<Role> from_string(std::type_identity<Role>, std::string_view name) {
    return role_from(name);
}

/// Who makes a request, and in which campaign. Made by the router from the access token and the membership snapshot.
struct Principal {
    std::int64_t user_id = 0;
    std::string_view session_id;  // UUID text; lives as long as the request
    bool is_admin = false;
    bool is_editor = false;
    std::optional<std::int64_t> campaign;  // none: an admin's unscoped request
    Role role = Role::viewer;              // in that campaign; `admin` for admins

    [[nodiscard]] bool at_least(Role needed) const { return role >= needed; }
};

}  // namespace townhall
