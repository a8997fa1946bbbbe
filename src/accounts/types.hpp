#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/api/endpoint.hpp"
#include "platform/api/schema.hpp"
#include "platform/db/types.hpp"
#include "platform/guard/principal.hpp"

/// What requests and answers about accounts hold.
namespace townhall::accounts {

struct RoleItem {
    std::int64_t campaign_id = 0;
    Role role = Role::viewer;

    friend bool operator==(const RoleItem&, const RoleItem&) = default;
};
constexpr auto schema_of(std::type_identity<RoleItem>) {
    return api::object("CampaignRole", api::field("campaign_id", &RoleItem::campaign_id, api::min<1>),
                       api::field("role", &RoleItem::role));
}

struct User {
    std::int64_t id = 0;
    std::string email;
    std::optional<std::string> name;
    std::vector<RoleItem> roles;
    bool is_admin = false;
    bool is_editor = false;
    bool is_active = true;
    std::optional<db::Timestamp> last_login_at;
    db::Timestamp created_at;
    db::Timestamp updated_at;
    api::Maybe<db::Timestamp> deleted_at;  // only on tombstones
};
constexpr auto schema_of(std::type_identity<User>) {
    return api::object("User", api::field("id", &User::id), api::field("email", &User::email),
                       api::field("name", &User::name), api::field("roles", &User::roles),
                       api::field("is_admin", &User::is_admin), api::field("is_editor", &User::is_editor),
                       api::field("is_active", &User::is_active), api::field("last_login_at", &User::last_login_at),
                       api::field("created_at", &User::created_at), api::field("updated_at", &User::updated_at),
                       api::field("deleted_at", &User::deleted_at));
}

struct Session {
    db::Uuid id;
    db::Timestamp created_at;
    db::Timestamp last_used_at;
    db::Timestamp expires_at;
    std::optional<std::string> user_agent;
    std::optional<std::string> address;
    bool current = false;
};
constexpr auto schema_of(std::type_identity<Session>) {
    return api::object("Session", api::field("id", &Session::id), api::field("created_at", &Session::created_at),
                       api::field("last_used_at", &Session::last_used_at),
                       api::field("expires_at", &Session::expires_at), api::field("user_agent", &Session::user_agent),
                       api::field("address", &Session::address), api::field("current", &Session::current));
}
struct Sessions {
    std::vector<Session> items;
};
constexpr auto schema_of(std::type_identity<Sessions>) {
    return api::object("Sessions", api::field("items", &Sessions::items));
}

/// Body of POST /api/v1/auth/login.
struct LogIn {
    std::string email;
    std::string password;
};
constexpr auto schema_of(std::type_identity<LogIn>) {
    return api::object("LogIn", api::field("email", &LogIn::email, api::max_len<254>),
                       api::field("password", &LogIn::password, api::max_len<1024>));
}

/// Body of POST /api/v1/auth/refresh.
struct RefreshToken {
    std::string refresh_token;
};
constexpr auto schema_of(std::type_identity<RefreshToken>) {
    return api::object("RefreshToken", api::field("refresh_token", &RefreshToken::refresh_token, api::max_len<200>));
}

/// What a sign-in and a refresh answer.
struct SignedIn {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;  // seconds, of the access token
    User user;
};
constexpr auto schema_of(std::type_identity<SignedIn>) {
    return api::object("SignedIn", api::field("access_token", &SignedIn::access_token),
                       api::field("refresh_token", &SignedIn::refresh_token),
                       api::field("token_type", &SignedIn::token_type), api::field("expires_in", &SignedIn::expires_in),
                       api::field("user", &SignedIn::user));
}

/// Body of POST /api/v1/auth/password.
struct ChangePassword {
    std::string current_password;
    std::string new_password;
};
constexpr auto schema_of(std::type_identity<ChangePassword>) {
    return api::object("ChangePassword",
                       api::field("current_password", &ChangePassword::current_password, api::max_len<1024>),
                       api::field("new_password", &ChangePassword::new_password, api::min_len<12>, api::max_len<1024>));
}

/// Body of POST /api/v1/auth/forgot.
struct Forgot {
    std::string email;
};
constexpr auto schema_of(std::type_identity<Forgot>) {
    return api::object("Forgot", api::field("email", &Forgot::email, api::email));
}

/// Body of POST /api/v1/auth/reset: the token of a mailed link.
struct Reset {
    std::string token;
    std::string new_password;
};
constexpr auto schema_of(std::type_identity<Reset>) {
    return api::object("Reset", api::field("token", &Reset::token, api::max_len<200>),
                       api::field("new_password", &Reset::new_password, api::min_len<12>, api::max_len<1024>));
}

/// Body of POST /api/v1/users/invite.
struct Invite {
    std::string email;
    std::optional<std::string> name;
    std::vector<RoleItem> roles;
    bool is_admin = false;
    bool is_editor = false;
};
constexpr auto schema_of(std::type_identity<Invite>) {
    return api::object("Invite", api::field("email", &Invite::email, api::email),
                       api::field("name", &Invite::name, api::min_len<1>, api::max_len<200>),
                       api::field("roles", &Invite::roles, api::defaulted, api::max_items<100>),
                       api::field("is_admin", &Invite::is_admin, api::defaulted),
                       api::field("is_editor", &Invite::is_editor, api::defaulted));
}

/// Body of POST /api/v1/users.
struct CreateUser {
    std::string email;
    std::optional<std::string> name;
    std::string password;
    std::vector<RoleItem> roles;
    bool is_admin = false;
    bool is_editor = false;
};
constexpr auto schema_of(std::type_identity<CreateUser>) {
    return api::object("CreateUser", api::field("email", &CreateUser::email, api::email),
                       api::field("name", &CreateUser::name, api::min_len<1>, api::max_len<200>),
                       api::field("password", &CreateUser::password, api::min_len<12>, api::max_len<1024>),
                       api::field("roles", &CreateUser::roles, api::defaulted),
                       api::field("is_admin", &CreateUser::is_admin, api::defaulted),
                       api::field("is_editor", &CreateUser::is_editor, api::defaulted));
}

/// PATCH /api/v1/users/{id}: what is absent stays as it is.
struct UpdateUser {
    std::int64_t id = 0;
    std::optional<std::string> email;
    api::Maybe<std::string> name;
    std::optional<std::string> password;
    std::optional<std::vector<RoleItem>> roles;
    std::optional<bool> is_admin;
    std::optional<bool> is_editor;
    std::optional<bool> is_active;
    std::optional<std::string> current_password;  // where the address is one's own, and changes
};
template <class T>
constexpr auto user_changes() {
    return std::tuple{api::path("id", &T::id, api::min<1>),
                      api::field("password", &T::password, api::min_len<12>, api::max_len<1024>),
                      api::field("roles", &T::roles),
                      api::field("is_admin", &T::is_admin),
                      api::field("is_editor", &T::is_editor),
                      api::field("is_active", &T::is_active),
                      api::field("current_password", &T::current_password, api::max_len<1024>)};
}
constexpr auto schema_of(std::type_identity<UpdateUser>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("UpdateUser", api::field("email", &UpdateUser::email, api::email),
                               api::field("name", &UpdateUser::name, api::min_len<1>, api::max_len<200>), fields...);
        },
        user_changes<UpdateUser>());
}

/// PUT /api/v1/users/{id}: the same, but for the name and the address, which it demands.
struct ReplaceUser : UpdateUser {
    std::string address;    // `email`
    std::string full_name;  // `name`
};
constexpr auto schema_of(std::type_identity<ReplaceUser>) {
    return std::apply(
        [](const auto&... fields) {
            return api::object("ReplaceUser", api::field("email", &ReplaceUser::address, api::email),
                               api::field("name", &ReplaceUser::full_name, api::min_len<1>, api::max_len<200>),
                               fields...);
        },
        user_changes<ReplaceUser>());
}

struct UserId {
    std::int64_t id = 0;
};
constexpr auto schema_of(std::type_identity<UserId>) {
    return api::object("UserId", api::path("id", &UserId::id, api::min<1>));
}

struct SessionId {
    db::Uuid id;
};
constexpr auto schema_of(std::type_identity<SessionId>) {
    return api::object("SessionId", api::path("id", &SessionId::id));
}

/// The query of GET /api/v1/users.
struct ListUsers {
    std::optional<std::int64_t> page;
    std::int64_t per_page = 50;
    std::optional<std::string> after;
    std::optional<std::string> q;  // part of the name or the address
    std::optional<std::int64_t> campaign_id;
    std::optional<db::Timestamp> updated_since;
    bool include_deleted = false;
};
constexpr auto schema_of(std::type_identity<ListUsers>) {
    return api::object("ListUsers", api::query("page", &ListUsers::page, api::min<1>, api::max<1'000'000>),
                       api::query("per_page", &ListUsers::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("after", &ListUsers::after, api::max_len<200>),
                       api::query("q", &ListUsers::q, api::min_len<1>, api::max_len<100>),
                       api::query("campaign_id", &ListUsers::campaign_id, api::min<1>),
                       api::query("updated_since", &ListUsers::updated_since),
                       api::query("include_deleted", &ListUsers::include_deleted, api::defaulted));
}

inline constexpr api::ErrorCode kWrongCredentials{"wrong_credentials", 401, "Not signed in"};
inline constexpr api::ErrorCode kWrongRefreshToken{"wrong_refresh_token", 401, "Sign in again"};
inline constexpr api::ErrorCode kEmailTaken{"email_taken", 409, "The e-mail address is in use"};
inline constexpr api::ErrorCode kEmailUnproven{"email_unproven", 409, "The e-mail address is not proven"};
inline constexpr api::ErrorCode kLastAdmin{"last_admin", 409, "The last administrator must stay"};

}  // namespace townhall::accounts
